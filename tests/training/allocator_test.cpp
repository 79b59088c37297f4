#include "torchhub/training/allocator.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <sys/resource.h>

namespace torchhub {
namespace {

// Sanitizers bring allocators of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr std::size_t kBytes = 64 << 20;

/// Pages that the system had to give for a block that is written and freed again.
long faults_of_a_block() {
  rusage before{};
  rusage after{};
  ::getrusage(RUSAGE_SELF, &before);
  {
    const auto block = std::make_unique<char[]>(kBytes);  // writes zeros
    [[maybe_unused]] static volatile char seen;
    seen = block[kBytes / 2];
  }
  ::getrusage(RUSAGE_SELF, &after);
  return after.ru_minflt - before.ru_minflt;
}

// In a process of its own, as the next: what is set stays.
TEST(AllocatorDeathTest, KeepsWhatIsFreed) {
  EXPECT_EXIT(
      {
        const long given_back = faults_of_a_block() + faults_of_a_block();
        const bool kept = keep_freed_memory();
        faults_of_a_block();  // the heap grows
        const long again = faults_of_a_block();
        std::exit(given_back > 1000 && kept && again < 100 ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}
#endif

TEST(AllocatorDeathTest, LeavesItToTheUserWhoSaidHow) {
  EXPECT_EXIT(
      {
        ::setenv("MALLOC_TRIM_THRESHOLD_", "131072", 1);
        const bool first = keep_freed_memory();
        ::unsetenv("MALLOC_TRIM_THRESHOLD_");
        ::setenv("GLIBC_TUNABLES", "glibc.malloc.trim_threshold=131072", 1);
        std::exit(!first && !keep_freed_memory() ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace torchhub
