#include "torchhub/push/push_job.h"

#include "torchhub/hub/commit.h"
#include "torchhub/hub/repo_info.h"

#include <algorithm>

namespace torchhub {
namespace {

/// Files that are replaced, but not by this push.
std::vector<std::string> stale_files(const HubClient& client, const PushJob& job,
                                     const std::vector<std::string>& paths,
                                     const std::stop_token& stop) {
  std::vector<std::string> stale;
  if (job.replaced.empty()) return stale;
  const PathFilter replaced{.allow = job.replaced};
  for (const RepoTreeEntry& entry : client.list_repo_tree(job.repo, job.revision, {}, true, stop)) {
    if (entry.type == RepoTreeEntry::Type::file && replaced.takes(entry.path) &&
        !std::binary_search(paths.begin(), paths.end(), entry.path)) {
      stale.push_back(entry.path);
    }
  }
  return stale;
}

}  // namespace

PushOutcome push_job(const HubClient& client, const PushJob& job, std::stop_token stop) {
  const std::vector<std::string> paths = job.snapshot.paths();
  std::vector<CommitOperation> operations;
  for (const std::string& path : stale_files(client, job, paths, stop)) {
    operations.emplace_back(CommitOperationDelete{path});
  }
  for (const std::string& path : paths) {
    operations.emplace_back(CommitOperationAdd::from_file(path, job.snapshot.folder() / path));
  }
  const CommitInfo info = client.create_commit(
      job.repo, operations, {.commit_message = job.commit_message, .revision = job.revision}, stop);
  PushOutcome outcome;
  outcome.commit_url = info.commit_url;
  outcome.commit_oid = info.oid;
  outcome.bytes_sent = info.bytes_sent;
  return outcome;
}

}  // namespace torchhub
