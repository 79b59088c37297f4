#include "server/git/ref_move.h"

#include "server/data_layout.h"
#include "server/hub_client.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;
using server::git::RefMove;

class RefMoveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("m");
    first_ = client_.commit_at("demo/m");
    second_ = client_.commit_file("demo/m", "a.txt", "one");
    path_ = repositories(hub_.data_dir()).at(0);
    write_file_atomically(folder_ / "config", "");
  }
  server::git::Repository open() const { return {path_, folder_ / "config", Durability::full}; }
  std::string git(std::vector<std::string> arguments) const {
    return git_in(path_, std::move(arguments)).output;
  }

  LocalHub hub_;
  HubClient client_{hub_};
  TempDir folder_;
  fs::path path_;
  std::string first_;
  std::string second_;
};

TEST_F(RefMoveTest, MovesUnderTheEyesOfGit) {
  const auto repository = open();
  auto move = RefMove::prepare(repository, "refs/heads/main", second_, first_, "back");
  ASSERT_TRUE(move);
  EXPECT_EQ(git({"rev-parse", "main"}), second_ + "\n") << "not before commit()";
  EXPECT_NE(git_in(path_, {"update-ref", "refs/heads/main", first_}).exit_code, 0)
      << "git waits for the same lock";
  move->commit();
  EXPECT_EQ(git({"rev-parse", "main"}), first_ + "\n");
  EXPECT_NE(git({"reflog", "show", "main"}).find("back"), std::string::npos);
  EXPECT_NE(git({"reflog", "show", "HEAD"}).find("back"), std::string::npos);
  EXPECT_EQ(git_in(path_, {"fsck", "--strict"}).exit_code, 0);
}

TEST_F(RefMoveTest, GivesUpWhatIsElsewhereOrLocked) {
  const auto repository = open();
  EXPECT_FALSE(RefMove::prepare(repository, "refs/heads/main", first_, second_, "stale"));
  EXPECT_FALSE(RefMove::prepare(repository, "refs/heads/none", first_, second_, "missing"));
  {
    const auto held = RefMove::prepare(repository, "refs/heads/main", second_, first_, "held");
    ASSERT_TRUE(held);
    EXPECT_FALSE(RefMove::prepare(repository, "refs/heads/main", second_, first_, "locked"));
  }
  EXPECT_TRUE(RefMove::prepare(repository, "refs/heads/main", second_, first_, "again"))
      << "the lock went with its owner";
  EXPECT_EQ(git({"rev-parse", "main"}), second_ + "\n");
}

TEST_F(RefMoveTest, MovesPackedRefs) {
  git({"pack-refs", "--all", "--prune"});
  ASSERT_FALSE(fs::exists(path_ / "refs" / "heads" / "main"));
  EXPECT_TRUE(open().move_ref("refs/heads/main", second_, first_, "packed"));
  EXPECT_EQ(git({"rev-parse", "main"}), first_ + "\n");
}

}  // namespace
}  // namespace torchhub::testing
