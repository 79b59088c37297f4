#include "support/child_process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <sstream>
#include <string>
#include <vector>

namespace torchhub {
namespace {

testing::Finished launch(const std::string& scenario) {
  return testing::run(
      {TORCHHUB_EXECUTABLE, "launch", "-n", "2", "--tag-output", DISTRIBUTED_RANKS, scenario});
}

TEST(LaunchedRanks, MeetAtThePortThatLaunchChose) {
  const testing::Finished done = launch("sums");
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  std::istringstream stream(done.output);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  ASSERT_EQ(lines.size(), 2U) << done.output;
  for (std::size_t rank = 0; rank < 2; ++rank) {
    const std::string tag = "[" + std::to_string(rank) + "] ";
    ASSERT_TRUE(lines[rank].starts_with(tag)) << lines[rank];
    const auto sums = nlohmann::json::parse(lines[rank].substr(tag.size()))["sums"];
    EXPECT_EQ(sums["own"][0], 10.0 * static_cast<double>(rank));
    EXPECT_EQ(sums["int64"], nlohmann::json({10.0, 12.0, 14.0, 16.0}));
  }
}

TEST(LaunchedRanks, AllEndWhenOneOfThemIsKilled) {
  const testing::Finished done = launch("killed");
  EXPECT_EQ(done.exit_code, 128 + SIGKILL);
  EXPECT_NE(done.errors.find("torchhub launch: rank 1 (pid "), std::string::npos) << done.errors;
  EXPECT_NE(done.errors.find(") was killed by signal 9 (Killed); ending the other ranks.\n"),
            std::string::npos)
      << done.errors;
}

}  // namespace
}  // namespace torchhub
