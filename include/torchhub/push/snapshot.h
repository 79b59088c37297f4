#pragma once

#include "torchhub/base/glob.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// An immutable copy of files, so that training may rotate and rewrite folders while they are being
/// pushed. Copies share it; the last one removes it from disk. Not safe to add to from several
/// threads.
class Snapshot {
 public:
  Snapshot() = default;
  /// An empty one in a fresh folder below `parent`. @throws FileError, DiskFullError
  explicit Snapshot(const std::filesystem::path& parent);

  /// Files below `folder` that `filter` takes, as `path_in_repo`/<relative path>. Links and folders
  /// named `.git` are left out. @throws FileError
  /// @param frozen the files never change in place (a finished checkpoint): hard links will do;
  /// else the bytes are copied
  void add_folder(const std::filesystem::path& folder, const std::string& path_in_repo,
                  const PathFilter& filter, bool frozen);
  /// @throws FileError
  void add_file(const std::filesystem::path& file, const std::string& path_in_repo, bool frozen);
  void add_text(std::string_view text, const std::string& path_in_repo);

  /// Holds `path_in_repo` for each file, under the same path. Empty before any was made.
  const std::filesystem::path& folder() const;
  /// Paths in the repository, sorted.
  std::vector<std::string> paths() const;

 private:
  struct Folder;
  std::shared_ptr<const Folder> folder_;
};

}  // namespace torchhub
