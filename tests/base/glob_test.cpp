#include "torchhub/base/glob.h"

#include "support/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using nlohmann::json;

TEST(Glob, MatchesWhatFnmatchMatches) {
  for (const auto& golden : json::parse(testing::golden("base/globs.json"))) {
    EXPECT_EQ(glob_matches(golden.at(0).get<std::string>(), golden.at(1).get<std::string>()),
              golden.at(2).get<bool>())
        << golden;
  }
}

TEST(Glob, MatchesInLinearTime) {
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(5000, 'a')));
}

TEST(PathFilter, KnowsFoldersOfWhichItTakesNothing) {
  const PathFilter filter{.ignore = {"_*", "checkpoint-*", "notes"}};
  EXPECT_TRUE(filter.refuses_all_below("_torchhub"));
  EXPECT_TRUE(filter.refuses_all_below("checkpoint-5"));
  EXPECT_FALSE(filter.refuses_all_below("sub"));
  EXPECT_FALSE(filter.refuses_all_below("notes"));  // the pattern does not match notes/a
}

TEST(PathFilter, TakesWhatHuggingfaceHubTakes) {
  const auto golden = json::parse(testing::golden("base/filters.json"));
  for (const auto& golden_case : golden.at("cases")) {
    SCOPED_TRACE(golden_case.dump());
    PathFilter filter;
    // An empty list of allow patterns takes nothing in Python; ours has no such form.
    if (golden_case.at("allow").is_array() && golden_case.at("allow").empty()) continue;
    if (!golden_case.at("allow").is_null()) filter.allow = golden_case.at("allow");
    if (!golden_case.at("ignore").is_null()) filter.ignore = golden_case.at("ignore");
    json taken = json::array();
    for (const auto& name : golden.at("names")) {
      if (filter.takes(name.get<std::string>())) taken.push_back(name);
    }
    EXPECT_EQ(taken, golden_case.at("taken"));
  }
}

}  // namespace
}  // namespace torchhub
