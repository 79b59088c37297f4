// kill -9 of the trainer at moments drawn by a seed, and of the hub at any: no commit is lost or
// made twice, and every checkpoint can be loaded. TORCHHUB_KILLS says how many (default 12; the
// acceptance run has 200).
#include "support/child_process.h"
#include "support/commit_titles.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/pickle/torch_file.h"
#include "torchhub/safetensors/file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::ChildProcess;
using testing::TempDir;

int kills_asked() {
  const char* text = std::getenv("TORCHHUB_KILLS");
  return text == nullptr ? 12 : std::atoi(text);
}

/// `torchhub serve` as a process of its own, on the same port however often it is killed.
class KillableHub {
 public:
  KillableHub() {
    start();
    const std::string said = process_->errors();
    const std::string mark = "HF_TOKEN=";
    const std::size_t at = said.find(mark) + mark.size();
    token_ = said.substr(at, said.find('\n', at) - at);
  }
  void kill() {
    process_->signal(SIGKILL);
    process_->wait();
    start();
  }
  const std::string& url() const { return url_; }
  const std::string& token() const { return token_; }

 private:
  void start() {
    const fs::path address = folder_ / "address";
    fs::remove(address);
    process_ = std::make_unique<ChildProcess>(std::vector<std::string>{
        TORCHHUB_EXECUTABLE, "serve", "--data", (folder_ / "data").string(), "--listen",
        "127.0.0.1:" + port_, "--address-file", address.string(), "--demo"});
    while (!fs::exists(address)) {
      if (!process_->is_running()) throw Error("the hub has ended: " + process_->errors());
      std::this_thread::yield();
    }
    url_ = read_file(address);
    url_.pop_back();
    port_ = url_.substr(url_.rfind(':') + 1);
  }

  TempDir folder_;
  std::string port_ = "0";
  std::string url_;
  std::string token_;
  std::unique_ptr<ChildProcess> process_;
};

class RandomKills : public ::testing::Test {
 protected:
  std::unique_ptr<ChildProcess> start(const std::string& output_dir, std::int64_t kill_at) {
    return std::make_unique<ChildProcess>(std::vector<std::string>{
        PUSHING_RUN, (folder_ / output_dir).string(), hub_.url(), hub_.token(),
        (folder_ / "cache").string(), std::to_string(kill_at)});
  }
  HubClient client() const {
    return HubClient(
        {.endpoint = hub_.url(), .token = hub_.token(), .cache_dir = folder_ / "check"});
  }
  /// The saves that are on the Hub, oldest first.
  std::vector<std::string> saves() const {
    std::vector<std::string> titles = testing::commit_titles(client(), repo_);
    std::erase(titles, "initial commit");
    return titles;
  }
  void check_everything();

  TempDir folder_;
  KillableHub hub_;
  const Repo repo_{.id = RepoId::parse("demo/tiny")};
};

void RandomKills::check_everything() {
  std::vector<std::string> expected;
  for (int step = 4; step <= 40; step += 4) {
    expected.push_back(fmt::format("Training in progress, step {}", step));
  }
  EXPECT_EQ(saves(), expected);
  const fs::path pushed = client().snapshot_download(repo_);
  for (int step = 4; step <= 40; step += 4) {
    const fs::path there = pushed / checkpoint_name(step);
    const fs::path here = folder_ / "run" / checkpoint_name(step);
    for (const auto& file : fs::directory_iterator(here)) {
      EXPECT_EQ(read_file(file.path()), read_file(there / file.path().filename())) << file.path();
    }
    EXPECT_NO_THROW(load_torch_file(there / "optimizer.pt"));
    EXPECT_NO_THROW(SafetensorsFile(there / "model.safetensors"));
  }
}

TEST_F(RandomKills, LoseAndDoubleNoCommitAndLeaveOnlyWholeCheckpoints) {
  std::mt19937 random(20261126);
  const int kills = kills_asked();
  for (int done = 0; done < kills;) {
    SCOPED_TRACE(fmt::format("after {} kills", done));
    // A whole run has some 300 moments; what an earlier one did is not done again.
    const bool kills_hub = random() % 4 == 0;
    const auto run = start("run", kills_hub ? 0 : 1 + static_cast<int>(random() % 120));
    if (kills_hub) {
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 1500));
      hub_.kill();
      ++done;
    }
    const int ended = run->wait();
    ASSERT_TRUE(ended == 137 || ended == 0) << ended << run->errors();
    if (ended == 137) ++done;
    if (ended == 0) {  // came to its end: the next round begins with another
      check_everything();
      if (HasFailure()) return;
      fs::remove_all(folder_ / "run");
      client().delete_repo(repo_);
    }
  }
  ASSERT_EQ(start("run", 0)->wait(), 0);
  check_everything();
  ASSERT_EQ(start("straight", 0)->wait(), 0);
  EXPECT_EQ(read_file(folder_ / "run/checkpoint-40/model.safetensors"),
            read_file(folder_ / "straight/checkpoint-40/model.safetensors"));
}

}  // namespace
}  // namespace torchhub
