// Several processes train what one would train with the same total batch.
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "trainer/training_job.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <string>
#include <vector>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::expect_near;
using testing::expect_same_run;
using testing::Job;
using testing::logged;
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
      ASSERT_TRUE(rank.contains("labels")) << rank.dump();
      EXPECT_EQ(rank["labels"], one["labels"]) << "in the order of the dataset";
      expect_near(one["predictions"], rank["predictions"], 1e-5);
      for (const char* name : {"test_loss", "test_accuracy", "test_accuracy_of_all"}) {
        EXPECT_NEAR(rank["metrics"][name].get<double>(), one["metrics"][name].get<double>(), 1e-5)
            << name;
      }
    }
  }
}

TEST_P(Processes, FillUpTheLastBatchesOfAnEpoch) {
  const TempDir folder;  // 45 samples: the last update of an epoch lacks 3
  const auto shared = results(folder / "shared", {.scenario = "uneven", .world_size = GetParam()});
  for (const json& rank : shared) {
    ASSERT_TRUE(rank.contains("state")) << rank.dump();
    EXPECT_EQ(rank["global_step"], 9);
    EXPECT_EQ(rank["state"], shared.front()["state"]) << "bit for bit the same on all";
  }
}

TEST_P(Processes, ResumeBitForBit) {  // dropout, batch norm, the states of each one's generator
  const TempDir folder;
  const Job job{.scenario = "hard", .world_size = GetParam()};
  const auto straight = results(folder / "straight", job);
  ASSERT_TRUE(straight.front().contains("state")) << straight.front().dump();
  for (const char* step : {"checkpoint-3", "checkpoint-6"}) {
    Job resumed = job;
    resumed.more = {"--resume_from_checkpoint", (folder / "straight" / step).string()};
    const auto again = results(folder / "resumed", resumed);
    for (std::size_t rank = 0; rank < again.size(); ++rank) {
      ASSERT_TRUE(again[rank].contains("state")) << again[rank].dump();
      EXPECT_EQ(again[rank]["state"], straight[rank]["state"]);
      EXPECT_EQ(logged(again[rank], "loss"), logged(straight[rank], "loss"));
    }
  }
}

TEST_P(Processes, GoOnFromTheSampleWhereAnotherNumberStopped) {
  const TempDir folder;
  const json one = results(folder / "one", {}).front();
  const auto resumed = [&](int world_size, const fs::path& from) {
    const std::string checkpoint = (from / "checkpoint-3").string();  // in the middle of an epoch
    return results(folder / "resumed",
                   {.world_size = world_size, .more = {"--resume_from_checkpoint", checkpoint}});
  };
  for (const json& rank : resumed(GetParam(), folder / "one")) expect_same_run(one, rank);
  results(folder / "shared", {.world_size = GetParam()});
  for (const json& rank : resumed(1, folder / "shared")) expect_same_run(one, rank);
  for (const json& rank : resumed(6 - GetParam(), folder / "shared")) expect_same_run(one, rank);
}

TEST_P(Processes, GoOnFromTheSampleWithAnotherTotalBatch) {
  const TempDir folder;
  results(folder / "one", {});  // 24 of 48 samples at checkpoint-3
  const std::string checkpoint = (folder / "one/checkpoint-3").string();
  const std::vector<double> epochs = {1 / 6., 2 / 6., 3 / 6., 2 / 3., 1, 4 / 3., 5 / 3., 2, 7 / 3.};
  for (const json& rank :
       results(folder / "resumed", {.world_size = GetParam(),
                                   .more = {"--resume_from_checkpoint", checkpoint},
                                   .total_batch = 16})) {
    ASSERT_TRUE(rank.contains("history")) << rank.dump();
    std::vector<double> seen;
    for (const json& row : rank["history"]) {
      if (row.contains("loss")) seen.push_back(row["epoch"].get<double>());
    }
    expect_near(seen, epochs, 1e-9);
  }
}

TEST_P(Processes, EndTheEpochsOfARunThatHadAnotherTotalBatch) {
  const TempDir folder;
  const std::vector<std::string> three_epochs = {"--max_steps", "-1", "--num_train_epochs", "3"};
  const auto resumed = [&](const char* from, int world_size, int total_batch) {
    Job job{.world_size = world_size, .more = three_epochs, .total_batch = total_batch};
    job.more.insert(job.more.end(), {"--resume_from_checkpoint", (folder / from).string()});
    return results(folder / "out", job);
  };
  results(folder / "one", {.more = three_epochs});  // 48 samples, 8 an update: 18 updates
  // 72 samples seen, 72 left, 16 an update: 24 and 48.
  for (const json& rank : resumed("one/checkpoint-9", GetParam(), 16)) {
    ASSERT_TRUE(rank.contains("history")) << rank.dump();
    EXPECT_EQ(rank["global_step"], 14);
    EXPECT_EQ(logged(rank, "epoch").back(), 3);
    EXPECT_GT(logged(rank, "learning_rate").back(), 0);
  }
  // The new steps go on from each other, and once more with the old total batch.
  EXPECT_EQ(resumed("out/checkpoint-12", GetParam(), 16).front()["global_step"], 14);
  EXPECT_EQ(resumed("out/checkpoint-12", 1, 8).front()["global_step"], 16);
}

TEST_P(Processes, MakeTheStepsOfARunThatHadAnotherTotalBatch) {
  const TempDir folder;
  results(folder / "shared", {.world_size = GetParam(), .total_batch = 16});  // 9 in 3 epochs
  const json one =
      results(folder / "out",
              {.more = {"--resume_from_checkpoint", (folder / "shared/checkpoint-6").string()}})
          .front();
  ASSERT_TRUE(one.contains("history")) << one.dump();
  EXPECT_EQ(one["global_step"], 9);
  EXPECT_EQ(logged(one, "epoch").back(), 2.5) << "though 9 of its updates are an epoch and a half";
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
  for (std::size_t rank = 0; rank < last; ++rank) {
    EXPECT_EQ(ranks[rank].wait(), 7);
    EXPECT_NE(ranks[rank].errors().find("DistributedError"), std::string::npos);
  }
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
