// Which samples several processes train and evaluate on, and where in them a run goes on.
#include "support/temp_dir.h"
#include "trainer/training_job.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::expect_near;
using testing::expect_same_evaluation;
using testing::expect_same_run;
using testing::Job;
using testing::logged;
using testing::results;
using testing::TempDir;

/// How far the run was at each update.
std::vector<double> epochs_of(const json& seen) {
  std::vector<double> epochs;
  for (const json& row : seen["history"]) {
    if (row.contains("loss")) epochs.push_back(row["epoch"].get<double>());
  }
  return epochs;
}

class ProcessesSharingData : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Trainer, ProcessesSharingData, ::testing::Values(2, 4));

// 45 samples: the last update of an epoch lacks 3, and takes the first ones of the epoch's order.
TEST_P(ProcessesSharingData, FillUpTheLastBatchesOfAnEpochFromItsStart) {
  const TempDir folder;
  const std::vector<std::string> in_order = {"--train_sampling_strategy", "sequential"};
  const json one = results(folder / "one", {.scenario = "filled_up", .more = in_order}).front();
  const auto shared = results(folder / "shared",
                              {.scenario = "uneven", .world_size = GetParam(), .more = in_order});
  for (const json& rank : shared) {
    ASSERT_TRUE(rank.contains("state")) << rank.dump();
    expect_same_run(one, rank);
    EXPECT_EQ(rank["state"], shared.front()["state"]) << "bit for bit the same on all";
  }
}

TEST_P(ProcessesSharingData, GoOnFromTheSampleWhereAnotherNumberStopped) {
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

TEST_P(ProcessesSharingData, GoOnFromTheSampleWithAnotherTotalBatch) {
  const TempDir folder;
  results(folder / "one", {});  // 24 of 48 samples at checkpoint-3
  const std::string checkpoint = (folder / "one/checkpoint-3").string();
  const std::vector<double> epochs = {1 / 6., 2 / 6., 3 / 6., 2 / 3., 1, 4 / 3., 5 / 3., 2, 7 / 3.};
  for (const json& rank :
       results(folder / "resumed", {.world_size = GetParam(),
                                   .more = {"--resume_from_checkpoint", checkpoint},
                                   .total_batch = 16})) {
    ASSERT_TRUE(rank.contains("history")) << rank.dump();
    expect_near(epochs_of(rank), epochs, 1e-9);
  }
}

TEST_P(ProcessesSharingData, EndTheEpochsOfARunThatHadAnotherTotalBatch) {
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

TEST_P(ProcessesSharingData, MakeTheStepsOfARunThatHadAnotherTotalBatch) {
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

TEST(TwoProcesses, HaveTheLossCurveOfOneOnAStreamAlsoWhereAnotherNumberGoesOn) {
  for (const std::string scenario : {"stream", "unsized_stream"}) {
    SCOPED_TRACE(scenario);
    const TempDir folder;
    const auto trained = [&](const char* out, int world_size, std::vector<std::string> more) {
      return results(folder / out,
                     {.scenario = scenario, .world_size = world_size, .more = std::move(more)});
    };
    const auto from = [&](const char* out) {  // in the middle of an epoch
      const fs::path checkpoint = folder / out / "checkpoint-3";
      return std::vector<std::string>{"--resume_from_checkpoint", checkpoint.string()};
    };
    const json one = trained("one", 1, {}).front();
    for (const json& rank : trained("two", 2, {})) expect_same_run(one, rank);
    for (const json& rank : trained("resumed", 2, from("one"))) expect_same_run(one, rank);
    for (const json& rank : trained("resumed", 1, from("two"))) expect_same_run(one, rank);
  }
}

TEST(TwoProcesses, GoOnFromTheSampleOfAStreamWithAnotherBatchSize) {
  const TempDir folder;
  results(folder / "begun", {.scenario = "stream"});  // 24 of 48 samples at checkpoint-3
  const std::string checkpoint = (folder / "begun/checkpoint-3").string();
  Job job{.scenario = "stream",
          .more = {"--resume_from_checkpoint", checkpoint},
          .total_batch = 12};  // 24 samples are two batches, an epoch is four
  const json one = results(folder / "one", job).front();
  job.world_size = 2;
  const std::vector<double> epochs = {1 / 6., 2 / 6., 3 / 6., 3 / 4., 1, 5 / 4., 6 / 4., 7 / 4., 2};
  for (const json& rank : results(folder / "two", job)) {
    ASSERT_TRUE(rank.contains("history")) << rank.dump();
    expect_near(epochs_of(rank), epochs, 1e-9);
    expect_near(logged(one, "loss"), logged(rank, "loss"), 1e-5);
  }
}

// A row at a time: what a process has of one is as long as the row, and filled up to those of
// others. Row i has 1 + i % 5 tokens.
TEST(TwoProcesses, PredictRowsOfUnequalLengthAsOneDoes) {
  const TempDir folder;
  Job job{.scenario = "token_ragged", .more = {"--per_device_eval_batch_size", "1"}};
  const json one = results(folder / "one", job).front();
  job.world_size = 2;
  for (const json& rank : results(folder / "two", job)) {
    expect_same_evaluation(one, rank);
    const auto labels = rank.value("labels", std::vector<double>());            // [21, 5]
    const auto predictions = rank.value("predictions", std::vector<double>());  // [21, 5, 3]
    ASSERT_EQ(labels.size(), 21U * 5) << rank.dump();
    ASSERT_EQ(predictions.size(), 21U * 5 * 3);
    for (std::size_t token = 0; token < labels.size(); ++token) {
      const bool is_of_the_row = token % 5 < 1 + token / 5 % 5;
      EXPECT_EQ(labels[token] != -100, is_of_the_row) << token;
      for (std::size_t label = 0; label < 3; ++label) {
        EXPECT_EQ(predictions[3 * token + label] != -100, is_of_the_row) << token;
      }
    }
  }
}

}  // namespace
}  // namespace torchhub
