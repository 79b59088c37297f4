#pragma once

#include "torchhub/base/glob.h"
#include "torchhub/hub/progress.h"
#include "torchhub/wire/repo.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace torchhub {

/// Puts a file in the repository. Leave a file on disk alone until the commit is done.
struct CommitOperationAdd {
  std::string path_in_repo;
  std::variant<std::string, std::filesystem::path>
      content;  ///< The bytes, or a file that has them.
  /// SHA-256 of the contents if it is known already; unset: computed when it is needed.
  std::optional<std::string> sha256 = std::nullopt;

  static CommitOperationAdd from_bytes(std::string path_in_repo, std::string bytes) {
    return {std::move(path_in_repo), std::move(bytes), std::nullopt};
  }
  static CommitOperationAdd from_file(std::string path_in_repo, std::filesystem::path file,
                                      std::optional<std::string> sha256 = std::nullopt) {
    return {std::move(path_in_repo), std::move(file), std::move(sha256)};
  }
};

/// Removes a file, or everything below a folder if the path ends in `/`.
struct CommitOperationDelete {
  std::string path_in_repo;
};

/// Puts a file of the same repository in a second place; the large ones without moving a byte.
struct CommitOperationCopy {
  std::string source_path;
  std::string path_in_repo;
  std::optional<std::string> source_revision = std::nullopt;  ///< Unset: the commit's own.
};

using CommitOperation =
    std::variant<CommitOperationAdd, CommitOperationDelete, CommitOperationCopy>;

struct CommitOptions {
  std::string commit_message;                            ///< One line; must not be empty.
  std::string commit_description = {};                   ///< What follows it.
  std::string revision = std::string(kDefaultRevision);  ///< An existing branch.
  /// The commit must have this parent, else HeadMovedError. Unset: whatever the head is.
  std::optional<std::string> parent_commit = std::nullopt;
  /// On a new pull request based on `revision`, whose branch stays where it is.
  bool create_pr = false;
  TransferProgressFn progress = {};
};

struct CommitInfo {
  std::string oid;  ///< The new head, or the present one if nothing had changed.
  std::string commit_url = {};
  std::string commit_message = {};
  std::string commit_description = {};
  bool changed = true;           ///< false: all files were there already; no commit was made.
  std::uint64_t bytes_sent = 0;  ///< File contents that travelled.
  std::optional<std::string> pr_url = std::nullopt;
  std::optional<std::string> pr_revision = std::nullopt;  ///< "refs/pr/3"
  std::optional<int> pr_num = std::nullopt;
};

struct UploadOptions {
  std::optional<std::string> commit_message = std::nullopt;  ///< Unset: says what goes up.
  std::string commit_description = {};
  std::string revision = std::string(kDefaultRevision);
  std::optional<std::string> parent_commit = std::nullopt;
  bool create_pr = false;
  TransferProgressFn progress = {};
};

struct UploadFolderOptions {
  std::string path_in_repo = {};  ///< Folder to put everything into; empty: the root.
  /// Matched against paths relative to the folder. `.git` and `.cache/huggingface` never go.
  PathFilter filter = {};
  /// Files of the repository (below path_in_repo, relative to it) that match one of these and are
  /// not uploaded now are deleted in the same commit. Never `.gitattributes`.
  std::vector<std::string> delete_patterns = {};
  std::optional<std::string> commit_message = std::nullopt;
  std::string commit_description = {};
  std::string revision = std::string(kDefaultRevision);
  std::optional<std::string> parent_commit = std::nullopt;
  bool create_pr = false;
  TransferProgressFn progress = {};
};

}  // namespace torchhub
