#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace torchhub {

/// The lines of a commit's NDJSON body, one struct a key.
struct CommitHeaderLine {
  std::string summary;
  std::string description = {};
  std::optional<std::string> parent_commit = std::nullopt;
};
struct CommitFileLine {
  std::string path;
  std::string content;  ///< The file's bytes, decoded.
};
struct CommitLfsFileLine {
  std::string path;
  std::string oid;                                   ///< SHA-256.
  std::optional<std::uint64_t> size = std::nullopt;  ///< Absent for a copy of what the repo has.
};
struct CommitDeletedFileLine {
  std::string path;
};
struct CommitDeletedFolderLine {
  std::string path;  ///< With or without a `/` at its end.
};
struct CommitCopyFileLine {
  std::string path;
  std::string source_path;
  std::optional<std::string> source_revision = std::nullopt;
};
using CommitLine = std::variant<CommitHeaderLine, CommitFileLine, CommitLfsFileLine,
                                CommitDeletedFileLine, CommitDeletedFolderLine, CommitCopyFileLine>;

/// One line with its line end; file contents go as base64.
/// @throws InvalidArgumentError for a path or text that is not UTF-8
std::string to_ndjson(const CommitLine& line);

/// Takes base64 and utf-8 contents; unknown fields are ignored.
/// @throws InvalidArgumentError naming the key or path that is wrong
CommitLine parse_commit_line(std::string_view json_line);

/// What is wrong with a path inside a repository, or nothing. Paths are UTF-8, of 1,024 bytes at
/// most, parts of 255, 64 deep; without empty, `.`, `..` or `.git` parts (in any case, and what HFS
/// and NTFS take for it), backslashes and control characters.
std::optional<std::string> problem_of_repo_path(std::string_view path);

}  // namespace torchhub
