#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/server/options.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace torchhub {

struct FsckOptions {
  /// Put right what can be. Nothing is deleted: what is in the way goes to the trash. Only without
  /// a server on the folder.
  bool repair = false;
  /// First put the database aside and make a new one from the repositories. Accounts come back as
  /// names alone: tokens, members and everything else that only the database knew are gone. Only
  /// without a server on the folder.
  bool rebuild = false;
  bool deep = false;  ///< Read and hash every byte.
  Durability durability = Durability::full;
  std::shared_ptr<const Clock> clock = system_clock();
};

struct FsckFinding {
  bool problem = true;    ///< Else it is only worth knowing.
  std::string kind;       ///< "object_missing": for programs.
  std::string where;      ///< "model ana/bert"
  std::string text;       ///< A sentence.
  std::string done = {};  ///< How it was put right; empty if it was not.
};

struct FsckReport {
  std::uint64_t repositories = 0;
  std::uint64_t git_objects = 0;
  std::uint64_t objects = 0;  ///< LFS objects in the store.
  std::uint64_t object_bytes = 0;
  std::vector<FsckFinding> findings = {};

  /// Also one that was put right.
  bool problem_found() const;
};

/// Compares everything in a data folder with everything else: rows, repositories, what git finds
/// reachable, LFS objects. Without repair and rebuild it only reads, and a server may run.
/// @throws DataFolderInUseError if a repair finds a server; DatabaseError if the database cannot be
/// read at all (rebuild helps); FileError, Error if this is no data folder
FsckReport check_hub(const std::filesystem::path& data_dir, const FsckOptions& options = {});

}  // namespace torchhub
