// What several processes save together: the best model, and the commits on the Hub.
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/client.h"
#include "trainer/training_job.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::expect_same_bits;
using testing::Job;
using testing::LocalHub;
using testing::results;
using testing::TempDir;

TEST(TwoProcesses, EndWithTheBestModelThoughItIsNotTheLast) {
  const TempDir folder;
  for (const std::string strategy : {"steps", "best"}) {
    SCOPED_TRACE(strategy);
    const fs::path out = folder / strategy;
    const fs::path best = out / "checkpoint-6";  // of evaluations after 3, 6 and 9 updates
    const Job job{
        .scenario = "second_is_best",
        .world_size = 2,
        .more = {"--save_strategy", strategy, "--eval_strategy", "steps", "--eval_steps", "3",
                 "--load_best_model_at_end", "true", "--metric_for_best_model", "score"}};
    const auto ranks = results(out, job);
    for (const json& rank : ranks) {
      ASSERT_TRUE(rank.contains("state")) << rank.dump();
      EXPECT_EQ(rank["global_step"], 9);
      EXPECT_EQ(rank.value("best_model_checkpoint", ""), best.string());
      EXPECT_EQ(rank["state"], ranks.front()["state"]) << "all have loaded it";
    }
    const std::string weights = read_file(out / "model.safetensors");  // those of the end
    EXPECT_EQ(weights, read_file(best / "model.safetensors"));
    const fs::path last_save = strategy == "best" ? best : out / "checkpoint-9";
    const json state = json::parse(read_file(last_save / "trainer_state.json"));
    EXPECT_EQ(state["best_model_checkpoint"], json(best.string()));
    EXPECT_EQ(fs::exists(out / "checkpoint-9"), strategy == "steps");
    EXPECT_EQ(weights == read_file(last_save / "model.safetensors"), strategy == "best");
  }
}

/// Two processes that train beside a hub, which only the main one has a token for.
class ProcessesAndTheHub : public ::testing::Test {
 protected:
  std::vector<json> trained(const char* out, std::vector<std::string> more) const {
    Job job{.scenario = "hard", .world_size = 2, .more = std::move(more)};
    job.through = {"env",
                   "-u",
                   "HF_TOKEN",
                   "HF_ENDPOINT=" + hub_.base_url(),
                   "HF_HOME=" + (folder_ / "home").string(),
                   "TOKEN=" + hub_.token(),
                   "sh",
                   "-c",
                   R"([ "$RANK" != 0 ] || export HF_TOKEN="$TOKEN"; exec "$0" "$@")"};
    return results(folder_ / out, job);
  }

  std::vector<json> pushed() const {
    return trained("pushed", {"--push_to_hub", "true", "--hub_model_id", "demo/shared",
                              "--hub_strategy", "checkpoint", "--hub_always_push", "true"});
  }

  /// The commits of saves, the oldest first.
  std::vector<GitCommit> commits() const {
    const HubClient client({.endpoint = hub_.base_url()});
    std::vector<GitCommit> saves;
    for (GitCommit& commit : client.list_repo_commits({.id = RepoId::parse("demo/shared")})) {
      if (!commit.title.starts_with("Training in progress")) continue;
      saves.insert(saves.begin(), std::move(commit));
    }
    return saves;
  }

  TempDir folder_;
  LocalHub hub_;
};

TEST_F(ProcessesAndTheHub, MakeOneCommitForEachSaveThroughTheMainOneAlone) {
  for (const json& rank : pushed()) ASSERT_TRUE(rank.contains("state")) << rank.dump();
  std::vector<std::string> titles;
  for (const GitCommit& commit : commits()) titles.push_back(commit.title);
  EXPECT_EQ(titles, (std::vector<std::string>{"Training in progress, step 3",
                                              "Training in progress, step 6",
                                              "Training in progress, step 9"}));
}

TEST_F(ProcessesAndTheHub, GoOnFromACommitAsIfTheyHadNeverStopped) {
  const auto straight = pushed();
  const std::vector<GitCommit> saves = commits();
  ASSERT_EQ(saves.size(), 3U);
  for (const std::string& place : {saves[0].id + "/last-checkpoint", saves[1].id}) {
    SCOPED_TRACE(place);
    const auto again = trained("resumed", {"--resume_from_checkpoint", "demo/shared@" + place});
    expect_same_bits(straight, again);
  }
}

}  // namespace
}  // namespace torchhub
