#pragma once

#include <filesystem>
#include <string_view>

namespace torchhub::testing {

/// A file that never touches a disk, for tests that write thousands of variants.
class MemoryFile {
 public:
  MemoryFile();
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// Works for this process only.
  std::filesystem::path path() const;
  /// Replaces the contents; nothing may still map the old ones.
  void set(std::string_view bytes);

 private:
  int descriptor_;
};

}  // namespace torchhub::testing
