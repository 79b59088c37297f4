#pragma once

#include <filesystem>

namespace torchhub {

/// Folders that AtomicFolder syncs as a whole when it commits them: what is written into one need
/// not wait for the disk file by file. Safe from several threads.
class UnderConstruction {
 public:
  /// `folder` is one for as long as this lives.
  explicit UnderConstruction(std::filesystem::path folder);
  ~UnderConstruction();
  UnderConstruction(const UnderConstruction&) = delete;
  UnderConstruction& operator=(const UnderConstruction&) = delete;

  /// Is `path` such a folder, or does it lie in one? Decided by its text.
  static bool covers(const std::filesystem::path& path);

 private:
  std::filesystem::path folder_;
};

}  // namespace torchhub
