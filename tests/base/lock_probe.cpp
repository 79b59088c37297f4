// Takes a lock file, says "locked" or "busy", and keeps the lock until its standard input ends.
// usage: torchhub_lock_probe LOCK_FILE MILLISECONDS

#include "torchhub/base/error.h"
#include "torchhub/base/file_lock.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    const torchhub::FileLock lock(argv[1], std::chrono::milliseconds(std::atoi(argv[2])));
    std::puts("locked");
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
  } catch (const torchhub::FileLockTimeoutError&) {
    std::puts("busy");
  }
  return 0;
}
