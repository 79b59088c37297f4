#include "torchhub/http/message.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

TEST(Headers, FindsANameInAnyCase) {
  const Headers headers{{"X-Repo-Commit", "abc"}};
  EXPECT_EQ(headers.get("x-repo-commit"), "abc");
  EXPECT_EQ(headers.get("X-Repo"), std::nullopt);
}

TEST(Headers, SetReplacesEveryFieldOfThatName) {
  Headers headers{{"A", "1"}, {"a", "2"}, {"B", "3"}};
  headers.set("A", "4");
  EXPECT_EQ(headers.fields(),
            (std::vector<std::pair<std::string, std::string>>{{"B", "3"}, {"A", "4"}}));
}

}  // namespace
}  // namespace torchhub
