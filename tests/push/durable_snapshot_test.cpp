// What a note promises is on the disk before the note is.
#include "support/disk_calls.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/push/journal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
namespace disk_calls = testing::disk_calls;

class DurableSnapshot : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file_atomically(folder_ / "run/sub/log.txt", "1\n");
    write_file_atomically(folder_ / "run/checkpoint-4/model.safetensors", "weights");
    disk_calls::clear();
  }

  PushJob job() const {
    PushJob made{.repo = {.id = {.owner = "ana", .name = "m"}},
                 .commit_message = "step 4",
                 .snapshot = journal_.new_snapshot()};
    made.snapshot.keep_copies_in(journal_.copies());
    made.snapshot.add_folder(folder_ / "run", "", {.ignore = {"checkpoint-*", "_*"}}, false);
    made.snapshot.add_folder(folder_ / "run/checkpoint-4", "", {}, true);
    return made;
  }

  const TempDir folder_;
  const PushJournal journal_{folder_ / "run"};
};

TEST_F(DurableSnapshot, IsOnTheDiskBeforeTheNoteThatPromisesIt) {
  const PushJob made = job();
  journal_.remember(made);
  const fs::path files = made.snapshot.folder();
  const std::size_t noted = disk_calls::rename_to(files.parent_path() / "push.json");
  ASSERT_LT(noted, disk_calls::count());
  for (const fs::path& path : {files / "sub/log.txt", files / "sub", files}) {
    EXPECT_LT(disk_calls::flush_of(path), noted) << path;
  }
  // And then the names of the entry, and of what it is in.
  for (const fs::path& path :
       {files.parent_path(), journal_.folder(), journal_.folder().parent_path(), folder_ / "run"}) {
    const std::size_t synced = disk_calls::flush_of(path);
    EXPECT_GT(synced, noted) << path;
    EXPECT_LT(synced, disk_calls::count()) << path;
  }
  made.snapshot.release();
}

TEST_F(DurableSnapshot, DoesNotFlushAgainWhatItsWriterHasFlushed) {
  const PushJob made = job();
  journal_.remember(made);
  const fs::path linked = made.snapshot.folder() / "model.safetensors";
  ASSERT_EQ(fs::hard_link_count(linked), 2U);
  EXPECT_EQ(disk_calls::flush_of(linked), disk_calls::count());
  const fs::path copied = made.snapshot.folder() / "sub/log.txt";
  const std::size_t once = disk_calls::count();
  const std::size_t flushed = disk_calls::flush_of(copied);
  ASSERT_LT(flushed, once);
  journal_.remember(made);  // as a push that is refused does
  EXPECT_EQ(disk_calls::flush_of(copied), flushed);
  EXPECT_LT(disk_calls::count() - once, 8U);
  made.snapshot.release();
}

// The other half of the promise for links: whoever builds a checkpoint puts it on the disk whole.
TEST_F(DurableSnapshot, LinksToFilesThatWereOnTheDiskBeforeTheirCheckpointHadItsName) {
  disk_calls::clear();
  AtomicFolder building(folder_ / "run/checkpoint-6");
  const fs::path inside = building.path();
  write_file_atomically(inside / "model.safetensors", "weights");
  std::ofstream(inside / "by_a_callback.txt") << "x";
  building.commit();
  const std::size_t named = disk_calls::rename_to(folder_ / "run/checkpoint-6");
  ASSERT_LT(named, disk_calls::count());
  for (const char* name : {"model.safetensors", "by_a_callback.txt"}) {
    EXPECT_LT(disk_calls::flush_of(inside / name), named) << name;
  }
}

/// A file that is worth a copy of its own and has rested for an hour.
void write_large(const fs::path& file, char letter) {
  write_file_atomically(file, std::string(1 << 20, letter));
  fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(1));
}

TEST_F(DurableSnapshot, CopiesALargeFileThatRestsOnce) {
  write_large(folder_ / "run/data.bin", 'a');
  const auto saved = [&] {
    PushJob made = job();
    journal_.remember(made);
    made.snapshot.release();
    return made;
  };
  const auto same = [](const PushJob& a, const PushJob& b) {
    return fs::equivalent(a.snapshot.folder() / "data.bin", b.snapshot.folder() / "data.bin");
  };
  std::optional<PushJob> first = saved();
  const PushJob second = saved();
  EXPECT_TRUE(same(*first, second));
  const std::size_t flushed = disk_calls::flush_of(second.snapshot.folder() / "data.bin");
  EXPECT_LT(flushed, disk_calls::count());
  EXPECT_FALSE(fs::equivalent(second.snapshot.folder() / "data.bin", folder_ / "run/data.bin"));
  first.reset();  // pushed: its copy stays for the next save
  const PushJob third = saved();
  EXPECT_TRUE(same(second, third));
  EXPECT_EQ(disk_calls::flush_of(third.snapshot.folder() / "data.bin"), flushed) << "once";

  write_large(folder_ / "run/data.bin", 'b');  // of the same size and time
  const PushJob fourth = saved();
  EXPECT_FALSE(same(third, fourth));
  EXPECT_EQ(read_file(fourth.snapshot.folder() / "data.bin").front(), 'b');
  EXPECT_EQ(read_file(third.snapshot.folder() / "data.bin").front(), 'a');
  EXPECT_EQ(std::distance(fs::directory_iterator(journal_.copies()), {}), 1);  // of the newest
}

TEST_F(DurableSnapshot, CopiesAnewWhatWasChangedInPlaceOrLately) {
  const fs::path file = folder_ / "run/data.bin";
  write_large(file, 'a');
  const auto first_letter = [&] {
    const PushJob made = job();
    journal_.remember(made);
    made.snapshot.release();
    return read_file(made.snapshot.folder() / "data.bin").front();
  };
  EXPECT_EQ(first_letter(), 'a');
  std::fstream(file, std::ios::in | std::ios::out) << "b";  // its time is now
  EXPECT_EQ(first_letter(), 'b');
  EXPECT_TRUE(fs::is_empty(journal_.copies()));  // it may change again within the clock's tick
  fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_EQ(first_letter(), 'b');
  std::fstream(file, std::ios::in | std::ios::out) << "c";
  fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_EQ(first_letter(), 'c');
}

}  // namespace
}  // namespace torchhub
