// A signal ends a run in bounded time though the hub has gone silent, and nothing saved is lost.
#include "support/child_process.h"
#include "support/commit_titles.h"
#include "support/local_hub.h"
#include "support/slow_proxy.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::ChildProcess;

constexpr std::uint64_t kSilence = 1;  // bytes/s: no request comes to its end
constexpr std::uint64_t kBroadband = 100'000'000;
/// Much more than a run needs that asks the silent hub for nothing more.
constexpr std::chrono::seconds kMostTimeToEnd{60};

class SignalledRun : public ::testing::Test {
 protected:
  SignalledRun() { hub_.serve_behind(line_.url()); }

  /// In the midst of training, with a save that the hub does not take.
  void start() {
    run_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{SIGNALLED_RUN, output_dir_.string(), line_.url(), hub_.token(),
                                 (folder_ / "cache").string()});
    wait_until([&] { return fs::exists(output_dir_) && pushed_saves() > 0; });
    line_.set_rate(kSilence);
    const std::int64_t step = newest_step();
    wait_until([&] { return newest_step() > step; });
  }

  void wait_until(const std::function<bool()>& is_so) {
    while (!is_so()) {
      ASSERT_TRUE(run_->is_running()) << run_->errors();
      system_clock()->sleep_for(std::chrono::milliseconds(5));
    }
  }

  /// @return the exit code
  int end_after(int signal) {
    const auto limit = std::chrono::steady_clock::now() + kMostTimeToEnd;
    run_->signal(signal);
    while (run_->is_running() && std::chrono::steady_clock::now() < limit) {
      system_clock()->sleep_for(std::chrono::milliseconds(5));
    }
    if (run_->is_running()) {
      ADD_FAILURE() << "it still runs " << kMostTimeToEnd.count() << " s after the signal\n"
                    << run_->errors();
      run_->signal(SIGKILL);
    }
    return run_->wait();
  }

  std::size_t pushed_saves() const {
    try {
      return testing::commit_titles(client(), repo_).size() - 1;
    } catch (const RepositoryNotFoundError&) {
      return 0;
    }
  }

  std::int64_t newest_step() const {
    const auto steps = complete_checkpoints(output_dir_);
    return steps.empty() ? 0 : steps.back();
  }

  /// By `torchhub push resume`: what was saved last is on the hub.
  void expect_nothing_is_lost() {
    line_.set_rate(kBroadband);
    const auto resumed = testing::run(
        {TORCHHUB_EXECUTABLE, "push", "resume", output_dir_.string(), "--endpoint", line_.url()},
        {"HF_TOKEN=" + hub_.token()});
    EXPECT_EQ(resumed.exit_code, 0) << resumed.errors;
    const fs::path newest = output_dir_ / checkpoint_name(newest_step());
    for (const char* file : {"model.safetensors", "trainer_state.json", "optimizer.pt"}) {
      const std::string path = "last-checkpoint/" + std::string(file);
      EXPECT_EQ(read_file(client().hub_download(repo_, path)), read_file(newest / file)) << file;
    }
    EXPECT_EQ(read_file(client().hub_download(repo_, "model.safetensors")),
              read_file(newest / "model.safetensors"));
    EXPECT_TRUE(says_in_progress(read_file(client().hub_download(repo_, "README.md"))));
  }

  HubClient client() const {
    return HubClient(
        {.endpoint = hub_.base_url(), .token = hub_.token(), .cache_dir = folder_ / "reader"});
  }

  testing::TempDir folder_;
  testing::LocalHub hub_;
  testing::SlowProxy line_{hub_.base_url(), kBroadband};
  const fs::path output_dir_ = folder_ / "tiny";
  const Repo repo_{.id = {.owner = "demo", .name = "tiny"}};
  std::unique_ptr<ChildProcess> run_;
};

TEST_F(SignalledRun, SavesAndEndsAfterSigtermThoughTheHubIsSilent) {
  ASSERT_NO_FATAL_FAILURE(start());
  const std::int64_t before = newest_step();
  EXPECT_EQ(end_after(SIGTERM), 1) << run_->errors();
  EXPECT_GT(newest_step(), before);
  const std::string report = run_->output();
  EXPECT_NE(
      report.find(fmt::format("Training in progress, step {}: NOT YET PUSHED", newest_step())),
      std::string::npos)
      << report;
  EXPECT_NE(report.find("The newest save is NOT on the Hub."), std::string::npos) << report;
  expect_nothing_is_lost();
}

TEST_F(SignalledRun, LosesNothingThatWasSavedBeforeSigint) {
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ(end_after(SIGINT), 128 + SIGINT);
  expect_nothing_is_lost();
}

}  // namespace
}  // namespace torchhub
