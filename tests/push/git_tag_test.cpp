#include "push/git_tag.h"

#include "support/child_process.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

TEST(GitTagName, IsWhatGitTakesForOne) {
  int taken = 0;
  int refused = 0;
  for (const std::string name :
       {"v1.0",    "v1",    "runs/one", "a.b/c", "@",   "-x",     "ä",        "",
        "bad tag", "a..b",  ".a",       "a/.b",  "a.",  "a.lock", "a.lock/b", "a//b",
        "/a",      "a/",    "a~1",      "a^",    "a:b", "a?",     "a*",       "a[b",
        "a\\b",    "a@{1}", "a\tb",     "a\x7f", "a]b", "a.lockb"}) {
    SCOPED_TRACE(name);
    const bool is_taken =
        testing::run({"git", "check-ref-format", "refs/tags/" + name}).exit_code == 0;
    EXPECT_EQ(is_tag_name(name), is_taken);
    ++(is_taken ? taken : refused);
  }
  EXPECT_EQ(taken, 9);
  EXPECT_EQ(refused, 21);
}

}  // namespace
}  // namespace torchhub
