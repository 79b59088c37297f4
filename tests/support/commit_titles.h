#pragma once

#include "torchhub/hub/client.h"

#include <algorithm>
#include <string>
#include <vector>

namespace torchhub::testing {

/// Of all commits of a branch, oldest first; the first one is "initial commit".
inline std::vector<std::string> commit_titles(
    const HubClient& client, const Repo& repo,
    const std::string& branch = std::string(kDefaultRevision)) {
  std::vector<std::string> titles;
  for (const GitCommit& commit : client.list_repo_commits(repo, branch)) {
    titles.push_back(commit.title);
  }
  std::reverse(titles.begin(), titles.end());
  return titles;
}

}  // namespace torchhub::testing
