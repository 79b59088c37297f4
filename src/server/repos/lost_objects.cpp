#include "server/repos/lost_objects.h"

#include "server/git/reachable.h"
#include "server/http/api_error.h"

#include <fmt/format.h>

namespace torchhub::server {

void need_objects_of(const HubState& hub, const RepoRow& repo, const git::Repository& git,
                     const std::string& commit) {
  if (git::is_reachable(git, commit)) return;  // what refs lead to is never collected
  const git::Reachable found = git::walk_beyond_refs(git, commit);
  if (!found.problems.empty()) {
    throw ApiError(
        422, fmt::format("No branch or tag leads to {} any more, and it is not whole: {}", commit,
                         found.problems.front()));
  }
  for (const auto& [oid, use] : found.pointers) {
    if (hub.repo_objects.linked_size(repo.id, oid) == use.object.size) continue;
    throw ApiError(422, fmt::format("No branch or tag leads to {} any more, and the LFS object of "
                                    "its file '{}' (oid {}) is gone. Upload that object again, or "
                                    "choose another commit.",
                                    commit, use.path, oid));
  }
}

}  // namespace torchhub::server
