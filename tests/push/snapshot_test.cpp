#include "torchhub/push/snapshot.h"

#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

#include <fstream>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using Paths = std::vector<std::string>;

TEST(Snapshot, TakesWhatTheFilterTakesUnderItsPathInTheRepository) {
  const TempDir folder;
  write_file_atomically(folder / "run/config.json", "{}");
  write_file_atomically(folder / "run/_private/key", "k");
  write_file_atomically(folder / "run/sub/a.txt", "a");
  write_file_atomically(folder / "run/.git/HEAD", "ref");
  Snapshot snapshot(folder / "snapshot");
  snapshot.add_folder(folder / "run", "", {.ignore = {"_*"}}, false);
  snapshot.add_folder(folder / "run/sub", "last-checkpoint", {}, true);
  snapshot.add_text("card", "README.md");
  EXPECT_EQ(snapshot.paths(),
            (Paths{"README.md", "config.json", "last-checkpoint/a.txt", "sub/a.txt"}));
  EXPECT_EQ(read_file(snapshot.folder() / "README.md"), "card");
}

TEST(Snapshot, KeepsItsFilesWhenTheFolderIsRotatedAway) {
  const TempDir folder;
  write_file_atomically(folder / "checkpoint-5/model.safetensors", "weights");
  Snapshot snapshot(folder / "snapshot");
  snapshot.add_folder(folder / "checkpoint-5", "", {}, true);
  fs::remove_all(folder / "checkpoint-5");
  EXPECT_EQ(read_file(snapshot.folder() / "model.safetensors"), "weights");
}

TEST(Snapshot, DoesNotFollowAFileThatGrowsInPlace) {
  const TempDir folder;
  write_file_atomically(folder / "run/log.jsonl", "1\n");
  Snapshot snapshot(folder / "snapshot");
  snapshot.add_folder(folder / "run", "", {}, /*frozen=*/false);
  std::ofstream(folder / "run/log.jsonl", std::ios::app) << "2\n";
  EXPECT_EQ(read_file(snapshot.folder() / "log.jsonl"), "1\n");
}

TEST(Snapshot, LetsTheLaterOfTwoFilesForOnePathWinAndLeavesTheFirstAlone) {
  const TempDir folder;
  write_file_atomically(folder / "old/README.md", "old");
  Snapshot snapshot(folder / "snapshot");
  snapshot.add_folder(folder / "old", "", {}, true);
  snapshot.add_text("new", "README.md");
  EXPECT_EQ(read_file(snapshot.folder() / "README.md"), "new");
  EXPECT_EQ(read_file(folder / "old/README.md"), "old");
}

TEST(Snapshot, IsGoneFromDiskWithItsLastCopy) {
  const TempDir folder;
  fs::path place;
  {
    Snapshot first(folder / "snapshot");
    first.add_text("x", "a");
    const Snapshot second = first;
    first = Snapshot();
    place = second.folder();
    EXPECT_TRUE(fs::exists(place / "a"));
  }
  EXPECT_FALSE(fs::exists(place));
}

TEST(Snapshot, StaysWithItsNoteOnceItIsKeptAndCanBeTakenOver) {
  const TempDir folder;
  {
    Snapshot kept(folder / "entry");
    kept.add_text("x", "a");
    EXPECT_FALSE(kept.note().has_value());
    kept.keep("a note");
    EXPECT_FALSE(Snapshot::take_over(folder / "entry").has_value());  // it is somebody's
  }
  const Snapshot again = Snapshot::take_over(folder / "entry").value();
  EXPECT_EQ(again.note(), "a note");
  EXPECT_EQ(again.name(), "entry");
  EXPECT_EQ(again.paths(), Paths{"a"});
}

TEST(Snapshot, NamesAFolderThatIsNotThere) {
  const TempDir folder;
  Snapshot snapshot(folder / "snapshot");
  EXPECT_THROW(snapshot.add_folder(folder / "none", "", {}, true), FileError);
}

}  // namespace
}  // namespace torchhub
