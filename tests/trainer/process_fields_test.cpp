// Arguments that change what several processes do together.
#include "support/child_process.h"
#include "support/temp_dir.h"
#include "torchhub/base/log.h"
#include "torchhub/training/arguments.h"
#include "trainer/processes.h"
#include "trainer/training_job.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
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

class ProcessFields : public ::testing::Test {
 protected:
  json alone(Job job) const { return results(folder_ / "one", job).front(); }
  std::vector<json> by_two(Job job) const {
    job.world_size = 2;
    return results(folder_ / "two", job);
  }
  TempDir folder_;
};

// Each then has the mean over its own labels, as micro-batches have in one process.
TEST_F(ProcessFields, AverageTokensAcrossDevicesOffTakesTheMeanOfTheProcessesMeans) {
  const json means = alone({.scenario = "token_means",
                            .more = {"--gradient_accumulation_steps", "2"},
                            .total_batch = 4});
  const std::vector<std::string> off = {"--average_tokens_across_devices", "false"};
  for (const json& rank : by_two({.scenario = "tokens", .more = off})) {
    ASSERT_TRUE(rank.contains("state")) << rank.dump();
    expect_near(logged(means, "loss"), logged(rank, "loss"), 1e-5);
    for (const auto& [name, values] : means["state"].items()) {
      SCOPED_TRACE(name);
      expect_near(values, rank["state"][name], 1e-5);
    }
  }
  const json sums = alone({.scenario = "tokens"});
  EXPECT_NE(logged(means, "loss").front(), logged(sums, "loss").front()) << "labels are unequal";
}

TEST(Seats, AreSharedByThoseOfAHostThatMayRunOnTheSameCpu) {
  const std::string here = seat("a", {0, 1});
  const auto among = [&](std::vector<std::string> others) {
    others.push_back(here);
    const ProcessesHere found = processes_among(here, others);
    return std::pair(found.on_cpus, found.on_host);
  };
  EXPECT_EQ(among({seat("a", {0, 1}), seat("a", {1, 2})}), std::pair(3, 3));
  EXPECT_EQ(among({seat("a", {2, 3}), seat("a", {4})}), std::pair(1, 3)) << "bound";
  EXPECT_EQ(among({seat("b", {0, 1})}), std::pair(1, 1)) << "another host";
}

TEST_F(ProcessFields, BackendIsTheOneThatIsAskedFor) {
  const std::vector<std::string> nccl = {"--ddp_backend", "nccl", "--use_cpu"};
  for (const json& rank : by_two({.scenario = "plain", .more = nccl})) {
    EXPECT_NE(rank["exit_code"], 0);
    EXPECT_NE(rank["errors"].get<std::string>().find("nccl"), std::string::npos) << rank.dump();
  }
}

TEST_F(ProcessFields, FindUnusedParametersOffRefusesAModelThatLeavesSomeOut) {
  for (const json& rank : by_two({.scenario = "spare"})) {
    EXPECT_EQ(rank.value("global_step", 0), 9) << rank.dump();
  }
  const std::vector<std::string> off = {"--ddp_find_unused_parameters", "false"};
  for (const json& rank : by_two({.scenario = "spare", .more = off})) {
    EXPECT_EQ(rank.value("exit_code", 0), 8) << rank.dump();
    EXPECT_NE(rank.value("errors", "").find("spare.weight"), std::string::npos) << rank.dump();
  }
}

TEST_F(ProcessFields, BroadcastBuffersOffLeavesEachProcessItsRunningMeans) {
  for (const bool on : {true, false}) {
    const auto ranks =
        by_two({.scenario = "hard", .more = {"--ddp_broadcast_buffers", on ? "true" : "false"}});
    ASSERT_TRUE(ranks[1].contains("state")) << ranks[1].dump();
    const json& first = ranks[0]["state"];
    const json& second = ranks[1]["state"];
    EXPECT_EQ(first["first.weight"], second["first.weight"]);
    EXPECT_EQ(first["norm.running_mean"] == second["norm.running_mean"], on);
  }
}

// Buckets change nothing that a run shows, so what the exchange is asked for is looked at.
TEST_F(ProcessFields, TheExchangeIsAskedForWhatTheFieldsSay) {
  const GradientExchangeOptions unset = exchange_options({});
  EXPECT_EQ(unset.bucket_cap_mb, 25);
  EXPECT_TRUE(unset.find_unused_parameters);
  EXPECT_FALSE(unset.static_graph);
  EXPECT_TRUE(unset.broadcast_buffers);
  EXPECT_FALSE(exchange_options({.gradient_checkpointing = true}).find_unused_parameters);
  EXPECT_TRUE(exchange_options({.gradient_checkpointing = true, .ddp_find_unused_parameters = true})
                  .find_unused_parameters);
  const GradientExchangeOptions set = exchange_options({.ddp_find_unused_parameters = false,
                                                        .ddp_bucket_cap_mb = 3,
                                                        .ddp_broadcast_buffers = false,
                                                        .ddp_static_graph = true});
  EXPECT_EQ(set.bucket_cap_mb, 3);
  EXPECT_FALSE(set.find_unused_parameters);
  EXPECT_TRUE(set.static_graph);
  EXPECT_FALSE(set.broadcast_buffers);
}

TEST_F(ProcessFields, TimeoutEndsTheWaitForAProcessThatNeverCame) {
  const auto ended = testing::run({TRAINING_RANK, "mlp", "--output_dir", (folder_ / "out").string(),
                                   "--max_steps", "1", "--ddp_timeout", "1"},
                                  {"RANK=0", "WORLD_SIZE=2", "MASTER_ADDR=127.0.0.1",
                                   "MASTER_PORT=" + std::to_string(testing::free_port())});
  EXPECT_EQ(ended.exit_code, 7);
  EXPECT_NE(ended.errors.find("did not answer within 1 s"), std::string::npos) << ended.errors;
}

TEST_F(ProcessFields, SplitBatchesCutsTheBatchAmongTheProcesses) {
  const json one = alone({});
  const std::vector<std::string> split = {"--accelerator_config", R"({"split_batches": true})"};
  for (const json& rank : by_two({.more = split, .total_batch = 16})) {  // 8 a process, cut in two
    expect_same_run(one, rank);
    expect_same_evaluation(one, rank);
  }
}

TEST_F(ProcessFields, EvenBatchesMayBeOffWhereTheLastOnesAreDropped) {
  const json one = alone({.scenario = "uneven", .more = {"--dataloader_drop_last", "true"}});
  for (const json& rank : by_two({.scenario = "uneven",
                          .more = {"--dataloader_drop_last", "true", "--accelerator_config",
                                   R"({"even_batches": false})"}})) {
    expect_same_run(one, rank);  // 40 of the 45 samples an epoch
    expect_near(logged(one, "epoch"), logged(rank, "epoch"), 1e-9);
  }
}

TEST_F(ProcessFields, TwoTrainersOfAProgramShareAProcessGroup) {
  const json one = alone({});
  for (const json& rank : by_two({.scenario = "two_trainers"})) {
    expect_same_run(one, rank);
  }
  EXPECT_TRUE(fs::exists(folder_ / "two/first/checkpoint-9")) << "the first one's";
}

// Two hosts, each with a disk and one process.
TEST_F(ProcessFields, OnEachNodeOneProcessSavesAndLogsOrOnlyTheMainOne) {
  for (const std::string on : {"true", "false"}) {
    SCOPED_TRACE(on);
    const fs::path out = folder_ / on;
    Job job{.scenario = "hosts",
            .world_size = 2,
            .through = {"env", "LOCAL_RANK=0", "LOCAL_WORLD_SIZE=1"}};
    job.more = {"--save_on_each_node", on,     "--log_on_each_node",  on,
                "--log_level",         "info", "--log_level_replica", "error"};
    const auto ranks = results(out, job);
    ASSERT_TRUE(ranks[1].contains("log_level")) << ranks[1].dump();
    EXPECT_TRUE(fs::exists(out / "0/checkpoint-9/trainer_state.json"));
    EXPECT_EQ(fs::exists(out / "1/checkpoint-9/trainer_state.json"), on == "true");
    EXPECT_EQ(fs::exists(out / "1/model.safetensors"), on == "true");
    EXPECT_EQ(ranks[0]["log_level"], static_cast<int>(log::Level::info));
    EXPECT_EQ(ranks[1]["log_level"],
              static_cast<int>(on == "true" ? log::Level::info : log::Level::error));
  }
}

}  // namespace
}  // namespace torchhub
