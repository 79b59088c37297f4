#pragma once

#include "hub/api.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace torchhub {

/// A file on its way into a commit: what we know of it, and what the server wants done with it.
struct PlannedFile {
  enum class Mode { regular, lfs };

  const CommitOperationAdd* operation;
  std::uint64_t size = 0;
  Mode mode = Mode::regular;
  bool ignored = false;         ///< The server's .gitignore leaves it out.
  std::string remote_oid = {};  ///< What the repository has at that path: SHA-256 or git blob id.
  std::string sha256 = {};      ///< Set once it is known.
  bool unchanged = false;

  const std::string& path() const { return operation->path_in_repo; }
  /// The file to read from, or nothing if the bytes are in memory.
  const std::filesystem::path* file() const {
    return std::get_if<std::filesystem::path>(&operation->content);
  }
  /// All bytes. @throws FileError
  std::string bytes() const;
};

struct UploadPlan {
  std::vector<PlannedFile> files;
  std::string head = {};  ///< The branch's commit when the server was asked; may be empty.
};

/// Asks the server how each file should travel (hub-protocol 8.2) and finds those that it has
/// already. Hashes what has to be hashed. @throws FileError
UploadPlan plan_upload(const HubApi& api, const Repo& repo,
                       const std::vector<const CommitOperationAdd*>& files,
                       const CommitOptions& options, std::stop_token stop);

}  // namespace torchhub
