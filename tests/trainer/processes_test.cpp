// Several processes train what one would train with the same total batch.
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "trainer/training_job.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::expect_same_bits;
using testing::expect_same_evaluation;
using testing::expect_same_run;
using testing::Job;
using testing::RankGroup;
using testing::results;
using testing::started;
using testing::TempDir;

class Processes : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Trainer, Processes, ::testing::Values(2, 4));

TEST_P(Processes, HaveTheLossCurveOfOne) {
  const TempDir folder;
  const json one = results(folder / "one", {}).front();
  for (const json& shared : results(folder / "shared", {.world_size = GetParam()})) {
    expect_same_run(one, shared);
  }
}

TEST_P(Processes, CountTheLabelsOfAllInTheLossOfTokens) {
  const TempDir folder;
  const std::vector<std::string> accumulate = {"--gradient_accumulation_steps", "2"};
  const json one = results(folder / "one", {.scenario = "tokens", .more = accumulate}).front();
  const auto shared = results(folder / "shared",
                              {.scenario = "tokens", .world_size = GetParam(), .more = accumulate});
  for (const json& rank : shared) expect_same_run(one, rank);
}

TEST_P(Processes, CountThemInALossOfTheUsersAndWithSmoothing) {
  const TempDir folder;
  Job job{.scenario = "token_func", .more = {"--gradient_accumulation_steps", "2"}};
  const auto expect_same = [&](const std::string& name) {
    job.world_size = 1;
    const json one = results(folder / name / "one", job).front();
    job.world_size = GetParam();
    for (const json& rank : results(folder / name / "shared", job)) expect_same_run(one, rank);
  };
  expect_same("func");
  job.scenario = "token_means";
  job.more.insert(job.more.end(), {"--label_smoothing_factor", "0.1"});
  expect_same("smoothing");
}

TEST_P(Processes, EvaluateEachSampleOnce) {
  const TempDir folder;
  for (const std::string scenario : {"mlp", "tokens", "own_batches"}) {
    const json one = results(folder / "one", {.scenario = scenario}).front();
    for (const json& rank :
         results(folder / "shared", {.scenario = scenario, .world_size = GetParam()})) {
      expect_same_evaluation(one, rank);
    }
  }
}

TEST_P(Processes, ResumeBitForBit) {  // dropout, batch norm, the states of each one's generator
  const TempDir folder;
  const Job job{.scenario = "hard", .world_size = GetParam()};
  const auto straight = results(folder / "straight", job);
  for (const char* step : {"checkpoint-3", "checkpoint-6"}) {
    Job resumed = job;
    resumed.more = {"--resume_from_checkpoint", (folder / "straight" / step).string()};
    expect_same_bits(straight, results(folder / "resumed", resumed));
  }
}

TEST_P(Processes, LetOnlyTheMainOneWrite) {
  const TempDir folder;
  RankGroup ranks = started(folder / "out", {.world_size = GetParam()});
  const auto shared = ranks.results();
  const std::string machine = fmt::format(" in each of {} processes on ", GetParam());
  EXPECT_NE(ranks[0].errors().find(machine), std::string::npos) << ranks[0].errors();
  EXPECT_EQ(ranks[1].errors().find(machine), std::string::npos) << "the first one says it";
  EXPECT_EQ(shared.front()["is_world_process_zero"], true);
  EXPECT_EQ(shared.back()["is_world_process_zero"], false);
  for (int rank = 0; rank < GetParam(); ++rank) {
    EXPECT_TRUE(
        fs::exists(folder / "out/checkpoint-9" / ("rng_state_" + std::to_string(rank) + ".pth")));
  }
  EXPECT_FALSE(fs::exists(folder / "out/checkpoint-9/rng_state.pth"));
  for (const auto& entry : fs::directory_iterator(folder / "out")) {
    EXPECT_NE(entry.path().filename().string().front(), '.') << entry.path() << " is left over";
  }
  const json state = json::parse(read_file(folder / "out/checkpoint-9/trainer_state.json"));
  EXPECT_EQ(state["is_world_process_zero"], true);
}

TEST_P(Processes, StopAndSaveTogetherWhenOneDecides) {
  const TempDir folder;
  const auto shared =
      results(folder / "out",
              {.scenario = "stops", .world_size = GetParam(), .more = {"--save_strategy", "no"}});
  for (const json& rank : shared) {
    ASSERT_TRUE(rank.contains("global_step")) << rank.dump();
    EXPECT_EQ(rank["global_step"], 3);
  }
  EXPECT_TRUE(fs::exists(folder / "out/checkpoint-3/trainer_state.json"));
}

TEST_P(Processes, SaveAndStopTogetherWhenOneGetsSigterm) {
  const TempDir folder;
  const auto shared = results(
      folder / "out",
      {.scenario = "terminated", .world_size = GetParam(), .more = {"--save_strategy", "no"}});
  for (const json& rank : shared) {
    ASSERT_TRUE(rank.contains("global_step")) << rank.dump();
    EXPECT_EQ(rank["global_step"], 3);
  }
  EXPECT_TRUE(fs::exists(folder / "out/checkpoint-3/trainer_state.json"));
}

// A flag that is raised in one process by what logging, evaluating or saving fires.
TEST_P(Processes, StopTogetherWhenOneDecidesBetweenUpdates) {
  for (const char* scenario : {"stops_in_on_log", "stops_in_on_evaluate", "stops_in_on_save"}) {
    SCOPED_TRACE(scenario);
    const TempDir folder;
    const auto shared =
        results(folder / "out", {.scenario = scenario,
                                 .world_size = GetParam(),
                                 .more = {"--save_steps", "3", "--eval_strategy", "steps",
                                          "--eval_steps", "3", "--logging_steps", "1"}});
    for (const json& rank : shared) {
      ASSERT_TRUE(rank.contains("global_step")) << rank.dump();
      EXPECT_EQ(rank["global_step"], 3);
    }
    EXPECT_TRUE(fs::exists(folder / "out/checkpoint-3/trainer_state.json"));
  }
}

TEST_P(Processes, EndWithAClearErrorWhenOneIsKilled) {
  const TempDir folder;
  RankGroup ranks = started(folder / "out", {.scenario = "killed", .world_size = GetParam()});
  const auto last = static_cast<std::size_t>(GetParam() - 1);
  EXPECT_EQ(ranks[last].wait(), 128 + SIGKILL);
  const auto lost = std::chrono::steady_clock::now();
  for (std::size_t rank = 0; rank < last; ++rank) {
    EXPECT_EQ(ranks[rank].wait(), 7);
    const std::string text = ranks[rank].errors();
    const std::string who =
        fmt::format("DistributedError: Rank {} of {} failed in ", rank, last + 1);
    EXPECT_NE(text.find(who), std::string::npos) << text;
    EXPECT_NE(text.find("Another rank has ended or did not answer within 60 s; its own output says "
                        "why. Start all ranks again."),
              std::string::npos)
        << text;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - lost, std::chrono::seconds(30))
      << "nobody waits for ddp_timeout";
  EXPECT_FALSE(fs::exists(folder / "out/checkpoint-3")) << "it was lost before the save";
}

TEST_P(Processes, EndWhenTheDataOfOneFails) {
  const TempDir folder;
  RankGroup ranks = started(folder / "out", {.scenario = "throws", .world_size = GetParam()});
  const auto last = static_cast<std::size_t>(GetParam() - 1);
  EXPECT_EQ(ranks[last].wait(), 8);
  EXPECT_NE(ranks[last].errors().find("sample 17 is broken"), std::string::npos);
  for (std::size_t rank = 0; rank < last; ++rank) EXPECT_EQ(ranks[rank].wait(), 7);
}

// However its samples are cut into batches, an update is the same.
TEST(ProcessesTogether, AccumulateToTheLossCurveOfOneThatDoesNot) {
  for (const std::string scenario : {"mlp", "tokens"}) {
    SCOPED_TRACE(scenario);
    const TempDir folder;
    const json one = results(folder / "one", {.scenario = scenario}).front();
    const Job job{.scenario = scenario,
                  .world_size = 2,
                  .more = {"--gradient_accumulation_steps", "2"},
                  .total_batch = 4};
    for (const json& rank : results(folder / "shared", job)) expect_same_run(one, rank);
  }
}

TEST(ProcessesTogether, RefuseWhatOnlyOneCanDo) {
  const TempDir folder;
  const auto refused =
      results(folder / "out", {.world_size = 2,
                               .more = {"--auto_find_batch_size", "true", "--accelerator_config",
                                        R"({"even_batches": false})"}});
  for (const json& rank : refused) {
    EXPECT_EQ(rank["exit_code"], 8);
    const std::string text = rank["errors"];
    EXPECT_NE(text.find("auto_find_batch_size"), std::string::npos) << text;
    EXPECT_NE(text.find("even_batches"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace torchhub
