#include "server/git/ref_move.h"

#include "server/data_layout.h"
#include "server/hub_client.h"
#include "support/logged_lines.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

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
  EXPECT_EQ(read_file(path_ / "refs" / "heads" / "main"), first_ + "\n") << "as git writes it";
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

TEST_F(RefMoveTest, NotesInTheLogOfHeadOnlyItsOwnMoves) {
  git({"branch", "side", second_});
  ASSERT_TRUE(open().move_ref("refs/heads/side", second_, first_, "elsewhere"));
  EXPECT_NE(git({"reflog", "show", "side"}).find("elsewhere"), std::string::npos);
  EXPECT_EQ(git({"reflog", "show", "HEAD"}).find("elsewhere"), std::string::npos);
}

TEST_F(RefMoveTest, MovesWhereTheLogCannotBeWritten) {
  fs::remove(path_ / "logs" / "refs" / "heads" / "main");
  fs::create_directory(path_ / "logs" / "refs" / "heads" / "main");
  const LoggedLines lines(log::Level::warning);
  EXPECT_TRUE(open().move_ref("refs/heads/main", second_, first_, "unlogged"));
  EXPECT_EQ(lines.count("reflog_not_written"), 1);
  EXPECT_EQ(git({"rev-parse", "main"}), first_ + "\n");
}

TEST_F(RefMoveTest, SaysWhatElseIsInTheWay) {
  const auto repository = open();
  EXPECT_THROW(RefMove::prepare(repository, "refs/heads/" + std::string(300, 'n'), "", first_, ""),
               FileError)
      << "too long a name is no lock of somebody else";
  {
    auto move = RefMove::prepare(repository, "refs/heads/main", second_, first_, "blocked");
    ASSERT_TRUE(move);
    fs::remove(path_ / "refs" / "heads" / "main");
    fs::create_directories(path_ / "refs" / "heads" / "main" / "below");
    EXPECT_THROW(move->commit(), FileError);
  }
  EXPECT_FALSE(fs::exists(path_ / "refs" / "heads" / "main.lock"));
}

TEST_F(RefMoveTest, LeavesTheLockOfWhoeverComesNext) {
  const auto repository = open();
  auto first = RefMove::prepare(repository, "refs/heads/main", second_, first_, "first");
  ASSERT_TRUE(first);
  first->commit();
  const auto next = RefMove::prepare(repository, "refs/heads/main", first_, second_, "next");
  ASSERT_TRUE(next);
  first.reset();
  EXPECT_TRUE(fs::exists(next->file()));
}

TEST_F(RefMoveTest, MakesNoFolderWhereTheRepositoryWas) {
  const auto repository = open();
  fs::rename(path_, folder_ / "elsewhere");
  EXPECT_THROW(RefMove::prepare(repository, "refs/heads/main", second_, first_, "late"), FileError);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(RefMoveTest, MovesPackedRefs) {
  git({"pack-refs", "--all", "--prune"});
  ASSERT_FALSE(fs::exists(path_ / "refs" / "heads" / "main"));
  EXPECT_TRUE(open().move_ref("refs/heads/main", second_, first_, "packed"));
  EXPECT_EQ(git({"rev-parse", "main"}), first_ + "\n");
}

TEST_F(RefMoveTest, MovesAPackedRefWhoseFolderIsGone) {
  git({"branch", "a/b", second_});
  git({"pack-refs", "--all", "--prune"});
  ASSERT_FALSE(fs::exists(path_ / "refs" / "heads" / "a"));
  EXPECT_TRUE(open().move_ref("refs/heads/a/b", second_, first_, "packed"));
  EXPECT_EQ(git({"rev-parse", "a/b"}), first_ + "\n");
}

}  // namespace
}  // namespace torchhub::testing
