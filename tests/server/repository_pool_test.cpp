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
  const fs::path away = folder_ / "away";
  {
    const server::git::Repository held = pool_.open(path_);
    { const server::git::Repository idle = pool_.open(path_); }
    fs::rename(path_, away);
    pool_.forget(path_);
    EXPECT_THROW(pool_.open(path_), server::git::GitError) << "the one that was idle";
  }
  EXPECT_THROW(pool_.open(path_), server::git::GitError) << "the one that was held";
  fs::rename(away, path_);
  EXPECT_TRUE(pool_.open(path_).resolve("main"));
}

TEST_F(RepositoryPoolTest, GivesEachPathItsOwnRepository) {
  const fs::path other = folder_ / "other.git";
  fs::copy(path_, other, fs::copy_options::recursive);
  const std::string before = *pool_.open(path_).resolve("main");
  client_.commit_file("demo/m", "a.txt", "two");
  EXPECT_EQ(pool_.open(other).resolve("main"), before);
  EXPECT_NE(pool_.open(path_).resolve("main"), before);
}

TEST_F(RepositoryPoolTest, KeepsThoseOpenThatWereUsedLast) {
  constexpr std::size_t kMostIdle = 32;
  std::vector<fs::path> paths;
  for (std::size_t i = 0; i <= kMostIdle; ++i) {
    paths.push_back(folder_ / std::to_string(i));
    fs::copy(path_, paths.back(), fs::copy_options::recursive);
    pool_.open(paths.back());
  }
  for (const fs::path& path : paths) fs::remove_all(path);
  EXPECT_THROW(pool_.open(paths.front()), server::git::GitError) << "there was no room for it";
  for (std::size_t i = 1; i <= kMostIdle; ++i) EXPECT_NO_THROW(pool_.open(paths.at(i))) << i;
}

TEST_F(RepositoryPoolTest, ForgetsThatOneAlone) {
  const fs::path other = folder_ / "other.git";
  fs::copy(path_, other, fs::copy_options::recursive);
  pool_.open(other);
  fs::remove_all(other);
  pool_.forget(path_);
  EXPECT_NO_THROW(pool_.open(other)) << "still open";
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
