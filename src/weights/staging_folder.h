#pragma once

#include <filesystem>
#include <string>

namespace torchhub {

/// A hidden folder inside another, for files that get their names together; gone at the end of the
/// scope with all that was not released.
class StagingFolder {
 public:
  /// @throws FileError
  explicit StagingFolder(const std::filesystem::path& inside);
  ~StagingFolder();
  StagingFolder(const StagingFolder&) = delete;
  StagingFolder& operator=(const StagingFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Renames one staged file into `folder`. @throws FileError
  void release(const std::string& file_name, const std::filesystem::path& folder) const;

 private:
  std::filesystem::path path_;
};

}  // namespace torchhub
