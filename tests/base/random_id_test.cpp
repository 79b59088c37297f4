#include "torchhub/base/random_id.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace torchhub {
namespace {

TEST(RandomId, HasTheFormAskedFor) {
  EXPECT_TRUE(std::regex_match(random_hex(16), std::regex("[0-9a-f]{32}")));
  EXPECT_TRUE(std::regex_match(random_base62(34), std::regex("[0-9A-Za-z]{34}")));
  EXPECT_TRUE(std::regex_match(
      random_uuid(),
      std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")));
  EXPECT_EQ(random_hex(0), "");
  EXPECT_EQ(random_base62(0), "");
}

TEST(RandomId, DoesNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(seen.insert(random_hex(8)).second);
    EXPECT_TRUE(seen.insert(random_uuid()).second);
  }
}

TEST(RandomId, UsesEveryLetter) {
  const std::string text = random_base62(20'000);
  EXPECT_EQ(std::set<char>(text.begin(), text.end()).size(), 62U);
}

}  // namespace
}  // namespace torchhub
