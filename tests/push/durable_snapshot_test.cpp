// What a note promises is on the disk before the note is. The calls that put it there are watched
// on their way to the system: this program's fsync() and rename() stand before the C library's.
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/push/journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <mutex>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

std::mutex mutex;
std::vector<std::string> calls;  // guarded by mutex

void note(const std::string& what, const std::string& path) {
  const std::lock_guard lock(mutex);
  calls.push_back(what + " " + path);
}

std::string path_of(int descriptor) {
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor)).string();
}

}  // namespace

extern "C" int fsync(int descriptor) {
  note("sync", path_of(descriptor));
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

extern "C" int fdatasync(int descriptor) {
  note("sync", path_of(descriptor));
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  note("rename", to);
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;

/// How many calls came before the last `what` of `path`; the number of all if there was none.
std::size_t place_of(const std::string& what, const fs::path& path) {
  const std::lock_guard lock(mutex);
  const auto found = std::find(calls.rbegin(), calls.rend(), what + " " + path.string());
  return found == calls.rend() ? calls.size() : static_cast<std::size_t>(calls.rend() - found) - 1;
}

class DurableSnapshot : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file_atomically(folder_ / "run/sub/log.txt", "1\n");
    write_file_atomically(folder_ / "run/checkpoint-4/model.safetensors", "weights");
    calls.clear();
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
  const std::size_t noted = place_of("rename", files.parent_path() / "push.json");
  ASSERT_LT(noted, calls.size());
  for (const fs::path& path : {files / "sub/log.txt", files / "sub", files}) {
    EXPECT_LT(place_of("sync", path), noted) << path;
  }
  // And then the names of the entry, and of what it is in.
  for (const fs::path& path :
       {files.parent_path(), journal_.folder(), journal_.folder().parent_path(), folder_ / "run"}) {
    const std::size_t synced = place_of("sync", path);
    EXPECT_GT(synced, noted) << path;
    EXPECT_LT(synced, calls.size()) << path;
  }
  made.snapshot.release();
}

TEST_F(DurableSnapshot, DoesNotFlushAgainWhatItsWriterHasFlushed) {
  const PushJob made = job();
  journal_.remember(made);
  const fs::path linked = made.snapshot.folder() / "model.safetensors";
  ASSERT_EQ(fs::hard_link_count(linked), 2U);
  EXPECT_EQ(place_of("sync", linked), calls.size());
  const fs::path copied = made.snapshot.folder() / "sub/log.txt";
  const std::size_t once = calls.size();
  const std::size_t flushed = place_of("sync", copied);
  ASSERT_LT(flushed, once);
  journal_.remember(made);  // as a push that is refused does
  EXPECT_EQ(place_of("sync", copied), flushed);
  EXPECT_LT(calls.size() - once, 8U);
  made.snapshot.release();
}

// The other half of the promise for links: whoever builds a checkpoint puts it on the disk whole.
TEST_F(DurableSnapshot, LinksToFilesThatWereOnTheDiskBeforeTheirCheckpointHadItsName) {
  calls.clear();
  AtomicFolder building(folder_ / "run/checkpoint-6");
  const fs::path inside = building.path();
  write_file_atomically(inside / "model.safetensors", "weights");
  std::ofstream(inside / "by_a_callback.txt") << "x";
  building.commit();
  const std::size_t named = place_of("rename", folder_ / "run/checkpoint-6");
  ASSERT_LT(named, calls.size());
  for (const char* name : {"model.safetensors", "by_a_callback.txt"}) {
    EXPECT_LT(place_of("sync", inside / name), named) << name;
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
  EXPECT_FALSE(fs::equivalent(second.snapshot.folder() / "data.bin", folder_ / "run/data.bin"));
  first.reset();  // pushed: its copy stays for the next save
  const PushJob third = saved();
  EXPECT_TRUE(same(second, third));
  EXPECT_EQ(place_of("sync", third.snapshot.folder() / "data.bin"), calls.size());

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
