#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/base/error.h"
#include "torchhub/server/options.h"
#include "torchhub/wire/repo.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

namespace torchhub {

/// The file cannot be what export_repository() wrote: cut off, changed, or something else.
class ArchiveError : public Error {
 public:
  using Error::Error;
};

struct ArchiveReport {
  Repo repo = {};
  std::uint64_t refs = 0;
  std::uint64_t objects = 0;  ///< LFS objects.
  std::uint64_t bytes = 0;    ///< Of the file.
};

/// Writes one repository into one file, the way into a closed network: a tar archive of
/// manifest.json (name, visibility, checksums), manifest.sha256, repo.bundle (all branches and
/// tags, as git has it) and lfs/<oid> for every object that they name. A server may run. Needs the
/// git program.
/// @throws RepositoryAdminError, FileError, Error
ArchiveReport export_repository(const std::filesystem::path& data_dir, const Repo& repo,
                                const std::filesystem::path& file);

struct ImportOptions {
  std::optional<RepoId> as = std::nullopt;  ///< Unset: the name that it had.
  Durability durability = Durability::full;
  std::shared_ptr<const Clock> clock = system_clock();
};

/// Makes a repository of such a file, private if it was. Its owner must be an account here. Every
/// byte is checked before anything counts; without an end nothing stays. A server may run.
/// @throws ArchiveError, RepositoryAdminError, FileError, DiskFullError
ArchiveReport import_repository(const std::filesystem::path& data_dir,
                                const std::filesystem::path& file,
                                const ImportOptions& options = {});

}  // namespace torchhub
