#pragma once

#include "server/git/repository.h"

#include <string>

namespace torchhub::server {

/// The commit that `revision` stands for. @throws ApiError 404 RevisionNotFound
std::string need_commit(const git::Repository& git, const std::string& revision);

/// A commit, and a path in it.
struct CommitPath {
  std::string commit;
  std::string path;
};

/// As need_commit(), but where a branch has slashes in its name that the client did not encode, its
/// later parts stand in front of `path`; there they are taken from.
/// @throws ApiError 404 RevisionNotFound
CommitPath need_commit_path(const git::Repository& git, const std::string& revision,
                            const std::string& path);

/// The branch "refs/heads/x" that `revision` names, which must exist.
/// @throws ApiError 404 RevisionNotFound for tags, commits and unknown names
std::string need_branch(const git::Repository& git, const std::string& revision);

/// The same, or the ref of a pull request: what commits go to.
std::string need_branch_or_request(const git::Repository& git, const std::string& revision);

/// @throws ApiError 404 RevisionNotFound
[[noreturn]] void refuse_revision(const std::string& revision);

}  // namespace torchhub::server
