#include "torchhub/distributed/process_group.h"

#include "support/message_of.h"
#include "support/rank_group.h"

#include <ATen/ATen.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <map>
#include <string>
#include <vector>

namespace torchhub {
namespace {

using nlohmann::json;
using testing::RankGroup;
using Values = std::vector<double>;

/// Runs once with two and once with four ranks.
class Ranks : public ::testing::TestWithParam<int> {
 protected:
  /// What each rank found in this scenario. All of them take place in one run: a process takes long
  /// to start.
  static std::vector<json> found(const std::string& scenario) {
    static std::map<int, std::vector<json>> runs;
    if (!runs.contains(GetParam())) {
      runs[GetParam()] = RankGroup(GetParam(), {DISTRIBUTED_RANKS, "sums", "gathered", "broadcasts",
                                                "closed_pipes"})
                             .results();
    }
    std::vector<json> out;
    for (const json& result : runs[GetParam()]) out.push_back(result.value(scenario, result));
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(ProcessGroup, Ranks, ::testing::Values(2, 4));

TEST_P(Ranks, AddUpWhatAllHave) {
  const double world = GetParam();
  const double ranks = world * (world - 1) / 2;
  const Values sum = {10 * ranks, world + 10 * ranks, 2 * world + 10 * ranks,
                      3 * world + 10 * ranks};
  int rank = 0;
  for (const json& result : found("sums")) {
    SCOPED_TRACE(result.dump());
    for (const char* type : {"float", "int64", "bfloat16", "half"})
      EXPECT_EQ(result[type], json(sum)) << type;
    for (std::size_t i = 0; i < sum.size(); ++i) {
      EXPECT_DOUBLE_EQ(result["mean"][i].get<double>(), sum[i] / world);
      EXPECT_EQ(result["max"][i].get<double>(), 10 * (world - 1) + static_cast<double>(i));
      EXPECT_EQ(result["own"][i].get<double>(), 10 * rank + static_cast<double>(i))
          << "the input stays";
    }
    EXPECT_EQ(result["any"], true);
    EXPECT_EQ(result["transposed"], json(Values{sum[0], sum[2], sum[1], sum[3]}));
    ++rank;
  }
  EXPECT_EQ(rank, GetParam());
}

TEST_P(Ranks, GatherTensorsOfAnyShapeInRankOrder) {
  const std::vector<json> results = found("gathered");
  for (const json& result : results) {
    EXPECT_EQ(result, results[0]) << "the same on every rank";
  }
  for (int rank = 0; rank < GetParam(); ++rank) {
    SCOPED_TRACE(rank);
    const auto part = [&](const char* name) { return results[0].at(name).at(rank); };
    EXPECT_EQ(part("equal"), json({{"sizes", {2}}, {"values", {1.0 * rank, 1.0 * rank}}}));
    EXPECT_EQ(part("scalar"), json({{"sizes", json::array()}, {"values", {rank + 0.5}}}));
    EXPECT_EQ(
        part("first_sizes"),
        json({{"sizes", {rank, 2}}, {"values", Values(static_cast<std::size_t>(2 * rank), rank)}}));
    EXPECT_EQ(part("shapes"), rank == 0 ? json({{"sizes", {2, 1}}, {"values", {1.0, 1.0}}})
                                        : json({{"sizes", {3}}, {"values", {0.0, 0.0, 0.0}}}));
    EXPECT_EQ(part("types")["values"], json({rank == 0 ? 1.0 : 2.0}));
    EXPECT_EQ(part("empty"), json({{"sizes", {0, 3}}, {"values", json::array()}}));
    EXPECT_EQ(part("texts"), "rank " + std::to_string(rank));
  }
}

TEST_P(Ranks, TakeWhatOneOfThemHas) {
  for (const json& result : found("broadcasts")) {
    EXPECT_EQ(result, json({{"weight", Values(6, 1.0)},
                            {"counter", {101.0}},
                            {"flag", true},
                            {"text", "stop at 7"},
                            {"empty", ""}}));
  }
}

// Gloo writes without MSG_NOSIGNAL: a rank could end without a word because another one had.
TEST_P(Ranks, SurviveAWriteToWhatIsClosed) {
  for (const json& result : found("closed_pipes")) {
    EXPECT_EQ(result, json({{"default", true}, {"handled", true}}));
  }
}

TEST(ProcessGroup, EndsWithAnErrorWhenARankIsKilled) {
  RankGroup group(2, {DISTRIBUTED_RANKS, "killed"});
  const std::vector<json> results = group.results();
  for (int rank = 0; rank < 2; ++rank) {
    const json& result = results[static_cast<std::size_t>(rank)];
    if (rank == 1) {
      EXPECT_EQ(result["exit_code"], 128 + SIGKILL);
      continue;
    }
    EXPECT_EQ(result["exit_code"], 7) << result.dump();
    const auto text = result["errors"].get<std::string>();
    EXPECT_NE(text.find("DistributedError: Rank " + std::to_string(rank) + " of " +
                        "2 failed in all_reduce: "),
              std::string::npos)
        << text;
    EXPECT_NE(
        text.find(" Another rank has ended or did not answer within 1800 s; its own output says "
                  "why. Start all ranks again.\n"),
        std::string::npos)
        << text;
  }
}

TEST(ProcessGroup, DoesNotWaitForEverForARankThatIsSilent) {
  RankGroup group(2, {DISTRIBUTED_RANKS, "silent"});
  EXPECT_EQ(group[0].wait(), 7);
  EXPECT_NE(group[0].errors().find("failed in all_reduce"), std::string::npos) << group[0].errors();
  group[1].signal(SIGKILL);
}

TEST(ProcessGroup, SaysWhereItWaitedForRanksThatNeverCame) {
  ProcessEnvironment alone;
  alone.rank = 1;
  alone.world_size = 2;
  alone.master_port = testing::free_port();
  const std::string message = testing::message_of<DistributedError>(
      [&] { ProcessGroup group(alone, {.timeout = std::chrono::milliseconds(300)}); });
  EXPECT_EQ(message.find("Rank 1 of 2 failed in meeting the other ranks at 127.0.0.1:" +
                         std::to_string(alone.master_port) + ": "),
            0U)
      << message;
}

TEST(ProcessGroup, NeedsNobodyWhenItIsAlone) {
  ProcessGroup group;
  const at::Tensor tensor = at::ones({2});
  EXPECT_EQ(group.world_size(), 1);
  EXPECT_TRUE(group.is_main());
  EXPECT_TRUE(group.all_reduce(tensor, ReduceOp::mean).is_same(tensor));
  ASSERT_EQ(group.all_gather(tensor).size(), 1U);
  EXPECT_EQ(group.broadcast_object("x"), "x");
  EXPECT_EQ(group.all_gather_object("x"), std::vector<std::string>{"x"});
  group.broadcast({tensor});
  group.barrier();
}

TEST(ProcessGroup, RefusesWhatItCannotDo) {
  ProcessEnvironment two;
  two.world_size = 2;
  const auto message = [&](const ProcessGroupOptions& options) {
    return testing::message_of<InvalidArgumentError>([&] { ProcessGroup group(two, options); });
  };
  EXPECT_EQ(message({.backend = "mpi"}),
            "There is no back end 'mpi' for several processes. Known: gloo, nccl.");
  EXPECT_EQ(message({.backend = "nccl"}),
            "The back end nccl is for CUDA devices; this rank's device is 'cpu'. Use gloo.");
  EXPECT_EQ(message({.device = "tpu"}), "'tpu' is no device. Use 'cpu' or 'cuda:0'.");
  EXPECT_EQ(message({.timeout = std::chrono::milliseconds(0)}),
            "The timeout between ranks is 0 ms; it must be above 0");
  EXPECT_EQ(testing::message_of<InvalidArgumentError>(
                [] { ProcessGroup().all_reduce(at::ones({1}, at::kLong), ReduceOp::mean); }),
            "all_reduce: there is no mean of integers; use the sum");
}

}  // namespace
}  // namespace torchhub
