// What the hub has answered is on the disk, and in an order that a power cut at any moment leaves
// whole. Tests that kill a server see what reached the system; these see what reached the disk.
#include "server/data_layout.h"
#include "server/git/ref_move.h"
#include "server/hub_client.h"
#include "server/store/flush.h"
#include "support/disk_calls.h"
#include "support/message_of.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/server/events.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;
using server::flush_together;

class FlushTest : public ::testing::Test {
 protected:
  std::vector<fs::path> files(int count) const {
    std::vector<fs::path> out;
    for (int i = 0; i < count; ++i) {
      out.push_back(folder_ / std::to_string(i));
      write_file_atomically(out.back(), "x");
    }
    disk_calls::clear();
    return out;
  }
  static void expect_flushed(const std::vector<fs::path>& paths) {
    for (const fs::path& path : paths) EXPECT_TRUE(disk_calls::flushed(path)) << path;
  }

  TempDir folder_;
};

TEST_F(FlushTest, PutsEveryFileAndFolderOnTheDisk) {
  for (const int count : {1, 2, 30}) {  // more than there are threads
    std::vector<fs::path> paths = files(count);
    paths.push_back(folder_.path());
    flush_together(paths);
    expect_flushed(paths);
  }
  disk_calls::clear();
  flush_together({folder_.path()});
  expect_flushed({folder_.path()});
  flush_together({});
  EXPECT_EQ(disk_calls::count(), 1U);
}

TEST_F(FlushTest, NamesTheFirstThatFailedWhenAllAreThrough) {
  std::vector<fs::path> paths = files(3);
  paths.insert(paths.begin() + 1, folder_ / "missing");
  const std::string missing = message_of<FileError>([&] { flush_together(paths); });
  EXPECT_NE(missing.find((folder_ / "missing").string()), std::string::npos) << missing;
  EXPECT_NE(missing.find("No such file"), std::string::npos) << missing;
  paths.erase(paths.begin() + 1);
  expect_flushed(paths);
  paths.emplace_back("/dev/null");  // which has nothing to flush, and says so
  const std::string refused = message_of<FileError>([&] { flush_together(paths); });
  EXPECT_NE(refused.find("/dev/null"), std::string::npos) << refused;
}

TEST_F(FlushTest, KeepsNoFileOpen) {
  const auto open_files = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const std::vector<fs::path> paths = files(5);
  const auto before = open_files();
  flush_together(paths);
  EXPECT_EQ(open_files(), before);
}

/// A hub that flushes, and its repository demo/m.
class DurabilityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("m");
    repository_ = repositories(hub_.data_dir()).at(0);
    disk_calls::clear();
  }
  static bool is_between(std::size_t before, std::size_t at, std::size_t after) {
    return before < at && at < after;
  }
  /// What git lists below a commit: "ID TYPE ..." a line.
  std::vector<fs::path> objects_of(const std::string& commit) const {
    std::vector<fs::path> out;
    std::string ids = git_in(repository_, {"rev-list", "--objects", "--no-object-names", commit,
                                           "--not", commit + "^"})
                          .output;
    for (; ids.size() >= 41; ids.erase(0, 41)) {
      out.push_back(repository_ / "objects" / ids.substr(0, 2) / ids.substr(2, 38));
    }
    return out;
  }

  LocalHub hub_{{.server = {.durability = Durability::full}}};
  HubClient client_{hub_};
  fs::path repository_;
};

TEST_F(DurabilityTest, FlushesWhatACommitNamesBeforeTheRefMoves) {
  const std::string commit = client_.commit_file("demo/m", "dir/a.txt", "text");
  const fs::path ref = repository_ / "refs" / "heads" / "main";
  const std::size_t moved = disk_calls::rename_to(ref);
  ASSERT_LT(moved, disk_calls::count());
  EXPECT_LT(disk_calls::flush_of(ref), moved) << "its new value";
  const std::vector<fs::path> objects = objects_of(commit);
  ASSERT_EQ(objects.size(), 4U) << "a commit, two trees and a file";
  for (const fs::path& object : objects) {
    EXPECT_LT(disk_calls::flush_of(object), disk_calls::rename_to(object)) << object;
    EXPECT_TRUE(is_between(disk_calls::rename_to(object),
                           disk_calls::flush_of(object.parent_path()), moved))
        << object;
  }
  EXPECT_TRUE(is_between(moved, disk_calls::flush_of(ref.parent_path()), disk_calls::count()))
      << "the ref's new place";
}

TEST_F(DurabilityTest, FlushesTheDatabaseOnceForACommitAndItsEvent) {
  client_.commit_file("demo/m", "a.txt", "text");
  EXPECT_EQ(hub_events(hub_.data_dir(), {.limit = 1}).at(0).kind, "commit");
  EXPECT_EQ(disk_calls::times_flushed(hub_.data_dir() / "hub.db-wal"), 1U);
}

TEST_F(DurabilityTest, FlushesARefThatMovesByItself) {
  const std::string first = client_.commit_at("demo/m");
  const std::string second = client_.commit_file("demo/m", "a.txt", "text");
  write_file_atomically(repository_ / "settings", "");
  server::git::Repository repository(repository_, repository_ / "settings", Durability::full);
  disk_calls::clear();
  ASSERT_TRUE(repository.move_ref("refs/heads/main", second, first, "back"));
  const fs::path ref = repository_ / "refs" / "heads" / "main";
  EXPECT_LT(disk_calls::flush_of(ref), disk_calls::rename_to(ref));
  EXPECT_TRUE(is_between(disk_calls::rename_to(ref), disk_calls::flush_of(ref.parent_path()),
                         disk_calls::count()));
}

TEST_F(DurabilityTest, FlushesAnObjectItsFoldersAndTheNoteOfIt) {
  const std::string oid = client_.upload("demo/m", std::string(5000, 'w'));
  const fs::path object = object_path(hub_.data_dir(), oid);
  ASSERT_TRUE(disk_calls::flushed(object));
  fs::path folder = object;
  for (int level = 0; level < 3; ++level) {
    folder = folder.parent_path();
    EXPECT_TRUE(
        is_between(disk_calls::flush_of(object), disk_calls::flush_of(folder), disk_calls::count()))
        << folder;
  }
  EXPECT_TRUE(is_between(disk_calls::flush_of(object.parent_path()),
                         disk_calls::flush_of(hub_.data_dir() / "hub.db-wal"),
                         disk_calls::count()));
}

TEST_F(DurabilityTest, FlushesNothingWhereThatWasNotAskedFor) {
  LocalHub relaxed_hub;
  HubClient client(relaxed_hub);
  client.create_repo("m");
  disk_calls::clear();
  client.commit_file("demo/m", "a.txt", "text");
  EXPECT_FALSE(disk_calls::flushed(repositories(relaxed_hub.data_dir()).at(0) / "refs" / "heads"));
}

}  // namespace
}  // namespace torchhub::testing
