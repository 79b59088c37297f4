#pragma once

#include "server/git/repository.h"

#include <string>

namespace torchhub::server {

/// The commit that `revision` stands for. @throws ApiError 404 RevisionNotFound
std::string need_commit(const git::Repository& git, const std::string& revision);

/// The branch "refs/heads/x" that `revision` names, which must exist.
/// @throws ApiError 404 RevisionNotFound for tags, commits and unknown names
std::string need_branch(const git::Repository& git, const std::string& revision);

/// The same, or the ref of a pull request: what commits go to.
std::string need_branch_or_request(const git::Repository& git, const std::string& revision);

/// @throws ApiError 404 RevisionNotFound
[[noreturn]] void refuse_revision(const std::string& revision);

}  // namespace torchhub::server
