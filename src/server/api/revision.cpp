#include "server/api/revision.h"

#include "server/discussions/discussion.h"
#include "server/http/api_error.h"
#include "torchhub/wire/error_codes.h"

#include <algorithm>

namespace torchhub::server {

void refuse_revision(const std::string& revision) {
  throw ApiError(404, "Invalid rev id: " + revision, error_codes::kRevisionNotFound);
}

std::string need_commit(const git::Repository& git, const std::string& revision) {
  const auto commit = git.resolve(revision);
  if (!commit) refuse_revision(revision);
  return *commit;
}

CommitPath need_commit_path(const git::Repository& git, const std::string& revision,
                            const std::string& path) {
  constexpr int kMaxParts = 8;
  if (auto commit = git.resolve(revision)) return {*std::move(commit), path};
  // No branch can be called as a part of another one, so the first that is there is the only one.
  std::size_t at = 0;
  for (int parts = 0; parts < kMaxParts && at < path.size(); ++parts) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (auto commit = git.ref_target("refs/heads/" + revision + "/" + path.substr(0, end))) {
      return {*std::move(commit), path.substr(std::min(end + 1, path.size()))};
    }
    at = end + 1;
  }
  refuse_revision(revision);
}

std::string need_branch(const git::Repository& git, const std::string& revision) {
  std::string ref = revision.starts_with("refs/heads/") ? revision : "refs/heads/" + revision;
  if (revision == "HEAD") ref = "refs/heads/main";
  if (!git.ref_target(ref)) refuse_revision(revision);
  return ref;
}

std::string need_branch_or_request(const git::Repository& git, const std::string& revision) {
  if (!pull_request_number(revision)) return need_branch(git, revision);
  if (!git.ref_target(revision)) refuse_revision(revision);
  return revision;
}

}  // namespace torchhub::server
