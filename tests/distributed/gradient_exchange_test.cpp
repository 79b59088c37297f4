#include "torchhub/distributed/gradient_exchange.h"

#include "support/rank_group.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace torchhub {
namespace {

using nlohmann::json;
using testing::RankGroup;

/// What each of so many ranks found; all scenarios take place in one run.
std::vector<json> found(int world, const std::string& scenario) {
  static std::map<int, std::vector<json>> runs;
  if (!runs.contains(world)) {
    runs[world] =
        RankGroup(world, {DISTRIBUTED_RANKS, "gradients", "gradients_by_hooks", "refusals",
                          "refusals_by_hooks", "other_types", "sparse", "buffers", "overlap"})
            .results();
  }
  std::vector<json> out;
  for (const json& result : runs[world]) out.push_back(result.value(scenario, result));
  return out;
}

/// With two and with four ranks, by the method that this build chooses ("") and by hooks.
class Gradients : public ::testing::TestWithParam<std::tuple<int, std::string>> {
 protected:
  static int world() { return std::get<0>(GetParam()); }
  static std::string method() { return std::get<1>(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(GradientExchange, Gradients,
                         ::testing::Combine(::testing::Values(2, 4),
                                            ::testing::Values("", "_by_hooks")));

/// By the method that the scenario is about, or whatever the method.
class GradientsOfOneMethod : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(GradientExchange, GradientsOfOneMethod, ::testing::Values(2, 4));

TEST_P(Gradients, AreThoseOfTheWholeBatch) {
  for (const json& result : found(world(), "gradients" + method())) {
    ASSERT_TRUE(result.contains("one_bucket")) << result.dump();
    for (const auto& [name, test] : result.items()) {
      SCOPED_TRACE(name + ": " + test.dump());
      EXPECT_LT(test["largest_difference"].get<double>(), 1e-6);
      EXPECT_EQ(test["defined_alike"], true) << "a parameter that nobody uses has no gradient";
      EXPECT_EQ(test["ranks_agree"], true);
    }
    EXPECT_EQ(result["accumulated"]["hash"], result["accumulated_again"]["hash"])
        << "as many ranks, the same bits";
    // The method that a build chooses is c10d's reducer wherever its header is there.
    EXPECT_EQ(result["one_bucket"]["is_reducer"], method().empty() && HAS_C10D_REDUCER);
  }
}

// By hooks; the reducer's own overlap is c10d's matter.
TEST_P(GradientsOfOneMethod, TravelWhileBackwardComputesTheRest) {
  for (const json& result : found(GetParam(), "overlap")) {
    EXPECT_EQ(result["in_the_middle"], 6) << "all but weight and bias of the first layer";
    EXPECT_EQ(result["at_the_end"], 8);
  }
}

TEST_P(Gradients, AreRefusedWhenTheRanksDoNotFitTogether) {
  for (const json& result : found(world(), "refusals" + method())) {
    const std::string other_model = result.value("other_model", result.dump());
    EXPECT_EQ(
        other_model,
        "The ranks hold different models; make the same one on each:\n"
        "  - on rank 1 'head.weight' is Float [2, 16], on rank 0 'head.weight' is Float [3, 16]");
    EXPECT_EQ(result.value("bucket", ""), "bucket_cap_mb is 0; it must be above 0");
    const std::string missing = result.value("missing", "");
    EXPECT_TRUE(missing.starts_with("These parameters got no gradient on rank "));
    EXPECT_TRUE(
        missing.ends_with("; if that is meant, set find_unused_parameters:\n"
                          "  - never.weight\n"
                          "  - never.bias"))
        << missing;
    EXPECT_NE(result.value("afterwards", "").find("an earlier exchange failed"), std::string::npos);
  }
}

TEST_P(GradientsOfOneMethod, KeepTheTypeOfTheirParameter) {
  const double mean = (GetParam() + 1) / 2.0;
  for (const json& result : found(GetParam(), "other_types")) {
    EXPECT_EQ(
        result,
        json({{"half", mean}, {"half_is_bfloat16", true}, {"full", mean}, {"frozen", false}}));
  }
}

TEST_P(GradientsOfOneMethod, AreRefusedWhenTheyAreSparse) {
  for (const json& result : found(GetParam(), "sparse")) {
    EXPECT_EQ(
        result,
        "The gradient of 'weight' is sparse; several processes exchange dense gradients only. Make "
        "its embedding without sparse gradients.");
  }
}

TEST_P(GradientsOfOneMethod, ComeWithTheBuffersOfRankZero) {
  for (const json& result : found(GetParam(), "buffers")) {
    EXPECT_EQ(result, json({{"at_first", 5.0}, {"later", 7.0}, {"off", true}}));
  }
}

/// A process takes long to start, so not every number of ranks meets every method here.
void expect_that_a_lost_rank_ends_the_others(int world, const std::string& method) {
  RankGroup group(world, {DISTRIBUTED_RANKS, "killed_in_backward" + method});
  const std::vector<json> results = group.results();
  for (int rank = 0; rank < world; ++rank) {
    const json& result = results[static_cast<std::size_t>(rank)];
    EXPECT_EQ(result["exit_code"], rank == 1 ? 128 + SIGKILL : 7) << result.dump();
    if (rank == 1) continue;
    EXPECT_NE(result["errors"].get<std::string>().find(" failed in the gradient exchange: "),
              std::string::npos)
        << result.dump();
  }
}

TEST(GradientExchange, EndsTheOthersWhenARankIsLost) {
  expect_that_a_lost_rank_ends_the_others(4, "");
}

TEST(GradientExchange, EndsTheOthersWhenARankIsLostByHooksToo) {
  expect_that_a_lost_rank_ends_the_others(2, "_by_hooks");
}

}  // namespace
}  // namespace torchhub
