#pragma once

#include "torchhub/base/glob.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// An immutable copy of files, so that training may rotate and rewrite folders while they are being
/// pushed. Copies share it. It lies in a folder of its own, the entry, which no other process takes
/// while this one lives. Not safe to add to from several threads.
class Snapshot {
 public:
  Snapshot() = default;
  /// An empty one, in a folder of this path that is made for it. @throws FileError, DiskFullError
  explicit Snapshot(const std::filesystem::path& entry);
  /// One that a process before this one left. @return nothing while another process has it
  /// @throws FileError
  static std::optional<Snapshot> take_over(const std::filesystem::path& entry);

  /// Large files that are copied and do not change are from now on copied once for all snapshots
  /// that name this folder for it; what is in it and not of use to this one goes with keep().
  /// Until then nothing in it is safe from a power cut.
  void keep_copies_in(const std::filesystem::path& folder) const;

  /// Files below `folder` that `filter` takes, as `path_in_repo`/<relative path>. Links and folders
  /// named `.git` are left out. @throws FileError
  /// @param frozen the files never change in place (a finished checkpoint): hard links will do;
  /// else the bytes are copied
  void add_folder(const std::filesystem::path& folder, const std::string& path_in_repo,
                  const PathFilter& filter, bool frozen);
  /// @throws FileError
  void add_file(const std::filesystem::path& file, const std::string& path_in_repo, bool frozen);
  void add_text(std::string_view text, const std::string& path_in_repo);

  /// Writes `note` into the entry, and keeps the entry on disk when the last copy goes: whoever
  /// comes next finds both. The files are on the disk before the note is, so that after a power cut
  /// too none is without them; those that are links, whoever wrote them has put there.
  /// @throws FileError, DiskFullError
  void keep(std::string_view note) const;
  /// What keep() wrote; nothing if it never did.
  std::optional<std::string> note() const;
  /// The entry goes with the last copy, as it does before keep().
  void release() const;

  /// Holds `path_in_repo` for each file, under the same path. Empty before any was made.
  const std::filesystem::path& folder() const;
  /// The entry's name; empty before any was made.
  std::string name() const;
  /// Paths in the repository, sorted.
  std::vector<std::string> paths() const;

 private:
  class Entry;
  std::shared_ptr<Entry> entry_;
};

}  // namespace torchhub
