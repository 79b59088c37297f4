#include "server/git/repository_pool.h"

#include "server/data_layout.h"
#include "server/git/repository.h"
#include "server/hub_client.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;

/// A repository that requests keep open while somebody works on its folder with git.
class RepositoryPoolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("m");
    client_.commit_file("demo/m", "a.txt", "one");
    path_ = repositories(hub_.data_dir()).at(0);
    write_file_atomically(folder_ / "config", "");
  }

  std::string git(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"-c", "user.name=a", "-c", "user.email=a@b"});
    const Finished done = git_in(path_, std::move(arguments));
    EXPECT_EQ(done.exit_code, 0) << done.errors;
    return done.output.substr(0, done.output.find('\n'));
  }

  LocalHub hub_;
  HubClient client_{hub_};
  TempDir folder_;
  fs::path path_;
  server::git::RepositoryPool pool_{folder_ / "config", Durability::relaxed};
};

TEST_F(RepositoryPoolTest, ShowsWhatAnotherProgramHasChanged) {
  const std::string before = *pool_.open(path_).resolve("main");
  EXPECT_EQ(pool_.open(path_).file(before, "a.txt", 100), "one");
  const std::string commit = git({"commit-tree", "main^{tree}", "-p", "main", "-m", "by hand"});
  git({"update-ref", "refs/heads/main", commit});
  EXPECT_EQ(pool_.open(path_).resolve("main"), commit);
  git({"pack-refs", "--all"});
  git({"repack", "-ad"});
  git({"prune-packed"});
  EXPECT_EQ(pool_.open(path_).resolve("main"), commit);
  EXPECT_EQ(pool_.open(path_).file(commit, "a.txt", 100), "one");
  const std::string next = git({"commit-tree", "main^{tree}", "-p", "main", "-m", "again"});
  git({"update-ref", "refs/heads/main", next});
  git({"repack", "-ad"});
  EXPECT_EQ(pool_.open(path_).commit_info(next).title, "again");
}

TEST_F(RepositoryPoolTest, ClosesWhatIsForgotten) {
  const server::git::Repository held = pool_.open(path_);
  { const server::git::Repository idle = pool_.open(path_); }
  const fs::path away = folder_ / "away";
  fs::rename(path_, away);
  pool_.forget(path_);
  EXPECT_THROW(pool_.open(path_), server::git::GitError);
  fs::rename(away, path_);
  EXPECT_TRUE(pool_.open(path_).resolve("main"));
}

TEST_F(RepositoryPoolTest, GivesEachThreadOneOfItsOwn) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this] {
      for (int turn = 0; turn < 200; ++turn) {
        const server::git::Repository repository = pool_.open(path_);
        EXPECT_EQ(repository.file(*repository.resolve("main"), "a.txt", 100), "one");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(RepositoryPoolTest, LetsThoseHandedOutLiveOn) {
  auto pool =
      std::make_unique<server::git::RepositoryPool>(folder_ / "config", Durability::relaxed);
  const server::git::Repository held = pool->open(path_);
  pool.reset();
  EXPECT_TRUE(held.resolve("main"));
}

}  // namespace
}  // namespace torchhub::testing
