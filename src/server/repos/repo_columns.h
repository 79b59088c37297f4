#pragma once

#include "server/repos/repo_store.h"

#include <string_view>

namespace torchhub::server {

/// What read_repo() reads, of the tables repo and account.
inline constexpr std::string_view kRepoColumns =
    "repo.id, repo.type, repo.owner, account.name, repo.name, repo.creator, repo.private, "
    "repo.created, repo.modified, repo.gated, repo.disabled, repo.downloads, repo.likes, "
    "repo.head, "
    "repo.forced_pushes, repo.parameters";
inline constexpr int kRepoColumnCount = 16;

/// A row whose first columns are kRepoColumns.
RepoRow read_repo(const Statement& row);

}  // namespace torchhub::server
