#include "torchhub/base/log.h"

#include "torchhub/base/timestamp.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace torchhub {
namespace {

/// Collects lines for one test, then puts everything back.
class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    log::set_sink([this](log::Level level, std::string_view line) {
      levels_.push_back(level);
      lines_.emplace_back(line);
    });
  }
  ~LogTest() override {
    log::set_sink({});
    log::set_level(log::Level::warning);
  }

  /// A line without its time.
  std::string text(std::size_t i) const { return lines_.at(i).substr(lines_.at(i).find(' ') + 1); }

  std::vector<log::Level> levels_;
  std::vector<std::string> lines_;
};

TEST_F(LogTest, WritesLevelEventAndFields) {
  log::warning("push_failed", {{"step", 5}, {"rate", 0.5}, {"repo", "ana/bert"}});
  EXPECT_EQ(text(0), "WARNING push_failed step=5 rate=0.5 repo=ana/bert");
  EXPECT_EQ(levels_[0], log::Level::warning);
  EXPECT_NO_THROW(parse_rfc3339(lines_[0].substr(0, lines_[0].find(' '))));
}

TEST_F(LogTest, QuotesValuesThatWouldRunTogether) {
  log::error("x",
             {{"a", ""}, {"b", "two words"}, {"c", "a=b"}, {"d", "say \"hi\""}, {"e", "l1\nl2"}});
  EXPECT_EQ(text(0), R"(ERROR x a="" b="two words" c="a=b" d="say \"hi\"" e="l1\nl2")");
}

TEST_F(LogTest, DropsEventsBelowItsLevel) {
  log::info("quiet");
  log::set_level(log::Level::debug);
  log::debug("loud");
  log::set_level(log::Level::off);
  log::error("silent");
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(text(0), "DEBUG loud");
  EXPECT_EQ(log::level(), log::Level::off);
}

TEST_F(LogTest, KeepsLinesWholeAcrossThreads) {
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int n = 0; n < 100; ++n) log::warning("event", {{"n", n}});
      });
    }
  }
  EXPECT_EQ(lines_.size(), 400U);
}

}  // namespace
}  // namespace torchhub
