#pragma once

#include "torchhub/hub/client.h"
#include "torchhub/wire/repo.h"

#include <stop_token>
#include <string>

namespace torchhub {

/// Unless it is there, or no branch that can be missing. @throws what HubClient::create_branch
/// throws
inline void make_branch(const HubClient& client, const Repo& repo, const std::string& revision,
                        const std::stop_token& stop = {}) {
  if (revision == kDefaultRevision || revision.starts_with("refs/pr/")) return;
  client.create_branch(repo, revision, {.exist_ok = true}, stop);
}

}  // namespace torchhub
