#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/server/options.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

struct BackupOptions {
  /// An earlier backup in another folder: what has not changed since is hard-linked to its files,
  /// where the file system can.
  std::optional<std::filesystem::path> since = std::nullopt;
  Durability durability = Durability::full;
  std::shared_ptr<const Clock> clock = system_clock();
};

struct BackupReport {
  std::uint64_t repositories = 0;
  std::uint64_t objects = 0;       ///< LFS objects that the copy has.
  std::uint64_t kept_files = 0;    ///< Were there already.
  std::uint64_t linked_files = 0;  ///< Share their bytes with the original, or with `since`.
  std::uint64_t copied_files = 0;
  std::uint64_t copied_bytes = 0;
  std::vector<std::string> warnings = {};
};

/// Copies a hub's data folder while its server runs. The copy is a data folder itself: a server
/// starts on it, with every commit that was answered before the backup began, and perhaps later
/// ones. A second backup into the same folder adds what is new; until it has ended, a server
/// refuses the folder. Unfinished uploads and the trash stay behind.
/// @throws Error if `to` has something else in it, DataFolderInUseError if a server or another
/// backup uses it; DiskFullError, FileError, DatabaseError
BackupReport back_up(const std::filesystem::path& data_dir, const std::filesystem::path& to,
                     const BackupOptions& options = {});

/// The same from a backup into a data folder that is missing or empty. Check it with check_hub().
/// @throws as back_up()
BackupReport restore_backup(const std::filesystem::path& backup,
                            const std::filesystem::path& data_dir,
                            const BackupOptions& options = {});

}  // namespace torchhub
