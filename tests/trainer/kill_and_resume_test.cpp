#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <sys/wait.h>

namespace torchhub {
namespace {

using testing::LocalHub;
using testing::TempDir;

class KillAndResume : public ::testing::Test {
 protected:
  /// @return the exit status, or 128 + signal
  int run(const std::string& output_dir, const std::string& resume_from, int kill_at) {
    const std::string command = fmt::format(
        "exec {} {} {} {} {} {} {}", KILLABLE_RUN, (folder_ / output_dir).string(), hub_.base_url(),
        hub_.token(), (folder_ / "cache").string(), resume_from, kill_at);
    const int status = std::system(command.c_str());
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  TempDir folder_;
  LocalHub hub_;
};

TEST_F(KillAndResume, SixtyStepsEqualThirtyThenKillThenThirtyFromTheHub) {
  ASSERT_EQ(run("killed", "-", 45), 137);
  const HubClient client({.endpoint = hub_.base_url(), .token = hub_.token()});
  const Repo repo{.id = RepoId::parse("demo/tiny")};
  const GitCommit newest = client.list_repo_commits(repo).front();
  ASSERT_EQ(newest.title, "Training in progress, step 30");

  ASSERT_EQ(run("resumed", "demo/tiny@" + newest.id, 0), 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "resumed/checkpoint-30"));  // it began after it
  ASSERT_EQ(run("straight", "-", 0), 0);
  EXPECT_EQ(read_file(folder_ / "resumed/model.safetensors"),
            read_file(folder_ / "straight/model.safetensors"));
  EXPECT_EQ(read_file(folder_ / "resumed/checkpoint-60/optimizer.pt"),
            read_file(folder_ / "straight/checkpoint-60/optimizer.pt"));
}

TEST_F(KillAndResume, SigtermSavesAndTheRunGoesOnFromThere) {
  ASSERT_EQ(run("stopped", "-", -7), 0);  // it ends by itself, and well
  EXPECT_EQ(complete_checkpoints(folder_ / "stopped"), std::vector<std::int64_t>{8});
  ASSERT_EQ(run("resumed", (folder_ / "stopped/checkpoint-8").string(), 0), 0);
  ASSERT_EQ(run("straight", "-", 0), 0);
  EXPECT_EQ(read_file(folder_ / "resumed/model.safetensors"),
            read_file(folder_ / "straight/model.safetensors"));
}

}  // namespace
}  // namespace torchhub
