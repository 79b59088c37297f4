#include "server/git/history.h"

#include <utility>

namespace torchhub::server::git {
namespace {

WalkHandle start_walk(const Repository& repository, const std::string& commit, unsigned sorting) {
  auto walk = made<WalkHandle>("walk the history", git_revwalk_new, repository.handle());
  git_revwalk_sorting(walk.get(), sorting);
  const git_oid start = parse_oid(commit);
  check(git_revwalk_push(walk.get(), &start), "walk the history");
  return walk;
}

/// With merges: libgit2 reads all of the history to sort it.
std::vector<std::string> sorted_history(const Repository& repository, const std::string& commit,
                                        std::size_t skip, std::size_t limit) {
  const WalkHandle walk = start_walk(repository, commit, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
  std::vector<std::string> out;
  git_oid oid;
  for (std::size_t at = 0; out.size() < limit && git_revwalk_next(&oid, walk.get()) == 0; ++at) {
    if (at >= skip) out.push_back(to_hex(oid));
  }
  return out;
}

std::size_t count_all(const Repository& repository, const std::string& commit) {
  const WalkHandle walk = start_walk(repository, commit, GIT_SORT_NONE);
  std::size_t count = 0;
  git_oid oid;
  while (git_revwalk_next(&oid, walk.get()) == 0) ++count;
  return count;
}

/// The only parent, or "" if there is none.
std::string parent_of(const git_commit& commit) {
  return git_commit_parentcount(&commit) == 0 ? "" : to_hex(*git_commit_parent_id(&commit, 0));
}

}  // namespace

std::vector<std::string> history(const Repository& repository, const std::string& commit,
                                 std::size_t skip, std::size_t limit) {
  std::vector<std::string> out;
  std::string next = commit;
  for (std::size_t at = 0; out.size() < limit && !next.empty(); ++at) {
    const CommitHandle found = repository.find_commit(next);
    if (git_commit_parentcount(found.get()) > 1) {
      return sorted_history(repository, commit, skip, limit);
    }
    if (at >= skip) out.push_back(next);
    next = parent_of(*found);
  }
  return out;
}

std::size_t CommitCounts::known(const std::string& commit) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(commit);
  return found == counts_.end() ? 0 : found->second;
}

void CommitCounts::keep(const std::string& commit, std::size_t count) {
  constexpr std::size_t kMaxKept = 4096;
  const std::lock_guard lock(mutex_);
  if (counts_.size() >= kMaxKept) counts_.clear();
  counts_[commit] = count;
}

std::size_t CommitCounts::count(const Repository& repository, const std::string& commit) {
  std::size_t above = 0;
  std::size_t below = 0;
  for (std::string next = commit; !next.empty(); ++above) {
    if ((below = known(next)) > 0) break;
    const CommitHandle found = repository.find_commit(next);
    if (git_commit_parentcount(found.get()) > 1) {
      below = count_all(repository, next);
      keep(next, below);
      break;
    }
    next = parent_of(*found);
  }
  if (above > 0) keep(commit, above + below);
  return above + below;
}

}  // namespace torchhub::server::git
