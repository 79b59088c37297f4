#pragma once

#include <cstddef>
#include <string>
#include <thread>

namespace torchhub::testing {

/// A disk that stands still: what other threads write to certain files waits until it may go on.
/// One at a time in a process, whose write(2) this is. Link torchhub_test_held_files.
class HeldFiles {
 public:
  HeldFiles();
  /// Lets go.
  ~HeldFiles();
  HeldFiles(const HeldFiles&) = delete;
  HeldFiles& operator=(const HeldFiles&) = delete;

  /// From now on, writes to files whose path contains `part` wait once the next one would make them
  /// more than `bytes`; not those of the thread that made this.
  void hold(const std::string& part, std::size_t bytes = 0);
  void let_go();
  /// Until a write waits, after hold().
  void wait_until_held() const;
  /// Until the thread that was held has ended, after let_go(); at once if none was.
  void wait_for_its_end() const;
};

}  // namespace torchhub::testing
