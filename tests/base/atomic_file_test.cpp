#include "torchhub/base/atomic_file.h"

#include "support/message_of.h"
#include "support/small_disk.h"
#include "support/temp_dir.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::message_of;
using testing::SmallDisk;
using testing::TempDir;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

/// From now on this thread's renameat2() with RENAME_EXCHANGE fails, as on a file system that
/// cannot do it. @return false if the system does not allow such filters
bool forbid_exchange(int error) {
  const auto failure = SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
  // The low half of the flags comes first on little-endian machines.
  std::array<sock_filter, 6> steps = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[4])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RENAME_EXCHANGE, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, failure),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(AtomicFile, ShowsNothingBeforeCommit) {
  const TempDir dir;
  write_file_atomically(dir / "a", "old");
  AtomicFile file(dir / "a");
  file.write("new");
  EXPECT_EQ(file.size(), 3U);
  EXPECT_EQ(read_file(dir / "a"), "old");
  file.commit();
  EXPECT_EQ(read_file(dir / "a"), "new");
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"a"});
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
  const TempDir dir;
  {
    AtomicFile file(dir / "a");
    file.write("new");
    EXPECT_EQ(names_in(dir.path()).front().substr(0, 7), ".tmp-a-");
  }
  EXPECT_TRUE(names_in(dir.path()).empty());
}

TEST(AtomicFile, OverwritesWhatItWrote) {
  const TempDir dir;
  AtomicFile file(dir / "a");
  file.write("????rest");
  file.write_at(0, "head");
  file.commit();
  EXPECT_EQ(read_file(dir / "a"), "headrest");
}

TEST(AtomicFile, MakesMissingFolders) {
  const TempDir dir;
  write_file_atomically(dir / "x" / "y" / "a", "1");
  EXPECT_EQ(read_file(dir / "x" / "y" / "a"), "1");
}

TEST(AtomicFile, FollowsTheUmask) {
  const TempDir dir;
  const mode_t old = ::umask(027);
  write_file_atomically(dir / "a", "1");
  ::umask(old);
  struct stat status = {};
  ASSERT_EQ(::stat((dir / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST(AtomicFile, TakesTheLongestNamesAFileSystemTakes) {
  const TempDir dir;
  const std::string name(255, 'n');
  write_file_atomically(dir / name, "1");
  EXPECT_EQ(read_file(dir / name), "1");
  AtomicFolder folder(dir / std::string(255, 'f'));
  folder.commit();
}

TEST(AtomicFile, SaysWhatIsInTheWay) {
  const TempDir dir;
  write_file_atomically(dir / "file", "1");
  EXPECT_EQ(message_of<FileError>([&] { write_file_atomically(dir / "file" / "a", "1"); }),
            "'" + (dir / "file").string() +
                "' is a file where a folder is needed. Move it away or choose another folder.");
  fs::create_directory(dir / "folder");
  EXPECT_EQ(message_of<FileError>([&] { write_file_atomically(dir / "folder", "1"); }),
            "Cannot replace '" + (dir / "folder").string() + "': Is a directory.");
  EXPECT_EQ(names_in(dir.path()), (std::vector<std::string>{"file", "folder"}));
}

TEST(AtomicFile, KeepsTheOldFileWhenTheDiskIsFull) {
  const SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a tmpfs";
  write_file_atomically(disk / "a", "old");
  EXPECT_EQ(message_of<DiskFullError>(
                [&] { write_file_atomically(disk / "a", std::string(1 << 20, 'x')); }),
            "Cannot write '" + (disk / "a").string() +
                "': No space left on device. Free some space or choose another folder; nothing "
                "half-written was kept.");
  EXPECT_EQ(read_file(disk / "a"), "old");
  EXPECT_EQ(names_in(disk.path()), std::vector<std::string>{"a"});
  write_file_atomically(disk / "b", std::string(1 << 17, 'x'));  // the space is free again
}

TEST(AppendToFile, MakesTheFileAndGoesOnAtItsEnd) {
  const TempDir dir;
  append_to_file(dir / "a" / "log", "1\n");
  append_to_file(dir / "a" / "log", "2\n");
  EXPECT_EQ(read_file(dir / "a" / "log"), "1\n2\n");
}

TEST(AppendToFile, AddsNothingWhereThereIsNoRoomForAll) {
  const SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a tmpfs";
  append_to_file(disk / "log", "old\n");
  EXPECT_THROW(append_to_file(disk / "log", std::string(1 << 20, 'x')), DiskFullError);
  EXPECT_EQ(read_file(disk / "log"), "old\n");
  append_to_file(disk / "log", "new\n");
  EXPECT_EQ(read_file(disk / "log"), "old\nnew\n");
}

TEST(AtomicFolder, ShowsNothingBeforeCommit) {
  const TempDir dir;
  AtomicFolder folder(dir / "checkpoint-5");
  write_file_atomically(folder.path() / "a" / "b", "1");
  EXPECT_FALSE(fs::exists(dir / "checkpoint-5"));
  folder.commit();
  EXPECT_EQ(read_file(dir / "checkpoint-5" / "a" / "b"), "1");
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"checkpoint-5"});
}

TEST(AtomicFolder, ReplacesAWholeFolder) {
  const TempDir dir;
  write_file_atomically(dir / "c" / "old", "1");
  {
    AtomicFolder folder(fs::path((dir / "c").string() + "/"));
    write_file_atomically(folder.path() / "new", "2");
    EXPECT_EQ(names_in(dir / "c"), std::vector<std::string>{"old"});
    folder.commit();
    EXPECT_EQ(names_in(dir / "c"), std::vector<std::string>{"new"});
  }
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"c"});
}

TEST(AtomicFolder, ReplacesAWholeFolderWhereNamesCannotBeExchanged) {
  for (const int error : {EINVAL, ENOSYS}) {
    const TempDir dir;
    fs::create_directory(dir / "c");
    write_file_atomically(dir / "c" / "old", "1");
    bool forbidden = false;
    std::thread writer([&] {  // a filter lasts as long as its thread
      forbidden = forbid_exchange(error);
      AtomicFolder folder(dir / "c");
      write_file_atomically(folder.path() / "new", "2");
      EXPECT_NO_THROW(folder.commit());
    });
    writer.join();
    if (!forbidden) GTEST_SKIP() << "needs the right to filter its own system calls";
    EXPECT_EQ(names_in(dir / "c"), std::vector<std::string>{"new"});
    EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"c"});
  }
}

TEST(AtomicFolder, LeavesNothingWithoutCommit) {
  const TempDir dir;
  {
    const AtomicFolder folder(dir / "c");
    write_file_atomically(folder.path() / "a", "1");
  }
  EXPECT_TRUE(names_in(dir.path()).empty());
}

TEST(AtomicFolder, KeepsAFileThatIsInTheWay) {
  const TempDir dir;
  write_file_atomically(dir / "c", "file");
  {
    AtomicFolder folder(dir / "c");
    EXPECT_EQ(message_of<FileError>([&] { folder.commit(); }),
              "Cannot create '" + (dir / "c").string() + "': Not a directory.");
  }
  EXPECT_EQ(read_file(dir / "c"), "file");
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"c"});
}

TEST(AtomicFolder, KeepsTheOldFolderWhenTheDiskIsFull) {
  const SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a tmpfs";
  write_file_atomically(disk / "c" / "old", "1");
  EXPECT_THROW(
      {
        AtomicFolder folder(disk / "c");
        write_file_atomically(folder.path() / "small", "1");
        write_file_atomically(folder.path() / "large", std::string(1 << 20, 'x'));
        folder.commit();
      },
      DiskFullError);
  EXPECT_EQ(names_in(disk.path()), std::vector<std::string>{"c"});
  EXPECT_EQ(names_in(disk / "c"), std::vector<std::string>{"old"});
}

TEST(ReadFile, ReadsEveryByte) {
  const TempDir dir;
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7);
  write_file_atomically(dir / "a", bytes);
  EXPECT_EQ(read_file(dir / "a"), bytes);
  write_file_atomically(dir / "empty", "");
  EXPECT_EQ(read_file(dir / "empty"), "");
}

TEST(ReadFile, ReadsFilesThatHaveNoSize) {
  EXPECT_NE(read_file("/proc/self/status").find("Name:"), std::string::npos);
}

TEST(ReadFile, SaysWhatIsWrong) {
  const TempDir dir;
  EXPECT_EQ(message_of<FileError>([&] { read_file(dir / "missing"); }),
            "Cannot read '" + (dir / "missing").string() + "': No such file or directory.");
  EXPECT_EQ(message_of<FileError>([&] { read_file(dir.path()); }),
            "Cannot read '" + dir.path().string() + "': Is a directory.");
  try {
    read_file(dir / "missing");
  } catch (const FileError& error) {
    EXPECT_EQ(error.error_number(), ENOENT);
    EXPECT_EQ(error.path(), dir / "missing");
  }
}

TEST(MakeFolders, AcceptsWhatIsThere) {
  const TempDir dir;
  make_folders(dir / "a" / "b");
  make_folders(dir / "a" / "b");
  make_folders((dir / "a" / "b").string() + "/");
  EXPECT_TRUE(fs::is_directory(dir / "a" / "b"));
}

}  // namespace
}  // namespace torchhub
