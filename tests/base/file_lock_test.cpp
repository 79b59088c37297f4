#include "torchhub/base/file_lock.h"

#include "support/temp_dir.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <sys/file.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace torchhub {
namespace {

using std::chrono::milliseconds;
using testing::TempDir;

bool can_lock(const std::filesystem::path& path) {
  try {
    const FileLock lock(path, milliseconds(0));
    return true;
  } catch (const FileLockTimeoutError&) {
    return false;
  }
}

/// Another process that holds the lock until it is ended.
class Holder {
 public:
  explicit Holder(const std::filesystem::path& path) {
    int ready[2];
    if (::pipe(ready) != 0) throw FileError("open", "pipe", errno);
    child_ = ::fork();
    if (child_ == 0) {  // only system calls from here: the parent may have threads
      const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
      const char done = ::flock(file, LOCK_EX) == 0 ? 'y' : 'n';
      if (::write(ready[1], &done, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char done = 'n';
    locked_ = ::read(ready[0], &done, 1) == 1 && done == 'y';
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Holder() { end(); }

  bool locked() const { return locked_; }
  void end() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }

 private:
  pid_t child_ = -1;
  bool locked_ = false;
};

TEST(FileLock, KeepsOthersOutUntilItGoes) {
  const TempDir dir;
  {
    const FileLock lock(dir / "a.lock");
    EXPECT_FALSE(can_lock(dir / "a.lock"));
    EXPECT_TRUE(can_lock(dir / "b.lock"));
  }
  EXPECT_TRUE(can_lock(dir / "a.lock"));
  EXPECT_TRUE(std::filesystem::exists(dir / "a.lock"));  // removing it would let two in
}

TEST(FileLock, HoldsBetweenProcesses) {
  const TempDir dir;
  Holder holder(dir / "a.lock");
  ASSERT_TRUE(holder.locked());
  EXPECT_FALSE(can_lock(dir / "a.lock"));
  holder.end();
  EXPECT_TRUE(can_lock(dir / "a.lock"));  // freed by the kernel with the process
}

TEST(FileLock, SaysWhoseLockItWaitedFor) {
  const TempDir dir;
  const FileLock lock(dir / "a.lock");
  try {
    const FileLock second(dir / "a.lock", milliseconds(10));
    FAIL();
  } catch (const FileLockTimeoutError& error) {
    EXPECT_EQ(error.what(), "Another process has held the lock '" + (dir / "a.lock").string() +
                                "' for 10 ms. Wait for it to finish, or end it.");
  }
}

TEST(FileLock, IsTakenAsSoonAsItIsFree) {
  const TempDir dir;
  std::optional<FileLock> first(std::in_place, dir / "a.lock");
  std::jthread waiter([&] { const FileLock second(dir / "a.lock", std::chrono::minutes(1)); });
  first.reset();
  waiter.join();
}

TEST(FileLock, StopsWaitingWhenAsked) {
  const TempDir dir;
  const FileLock lock(dir / "a.lock");
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_THROW(FileLock(dir / "a.lock", std::chrono::hours(24), stop.get_token()), CancelledError);
}

TEST(FileLock, MakesItsFolder) {
  const TempDir dir;
  EXPECT_TRUE(can_lock(dir / ".locks" / "models--a" / "x.lock"));
}

TEST(FileLock, IsSeenByALookThatMakesNoFile) {
  const TempDir dir;
  EXPECT_FALSE(is_locked(dir / "a.lock"));
  EXPECT_FALSE(std::filesystem::exists(dir / "a.lock"));
  {
    const FileLock lock(dir / "a.lock");
    EXPECT_TRUE(is_locked(dir / "a.lock"));
  }
  EXPECT_FALSE(is_locked(dir / "a.lock"));
  EXPECT_TRUE(can_lock(dir / "a.lock"));
}

TEST(FileLock, SaysWhyAFileCannotBeOpened) {
  const TempDir dir;
  EXPECT_THROW(FileLock(dir.path(), milliseconds(0)), FileError);
}

}  // namespace
}  // namespace torchhub
