#include "server/git/ancestry.h"

#include <algorithm>

namespace torchhub::server::git {

std::optional<std::string> merge_base(const Repository& repository, const std::string& one,
                                      const std::string& other) {
  const git_oid a = parse_oid(one);
  const git_oid b = parse_oid(other);
  git_oid base;
  const int code = git_merge_base(&base, repository.handle(), &a, &b);
  if (code == GIT_ENOTFOUND) return std::nullopt;
  check(code, "find a merge base");
  return to_hex(base);
}

bool is_in_history(const Repository& repository, const std::string& commit,
                   const std::string& tip) {
  if (commit == tip) return true;
  const git_oid old = parse_oid(commit);
  const git_oid now = parse_oid(tip);
  return git_graph_descendant_of(repository.handle(), &now, &old) == 1;
}

std::vector<CommitInfo> commits_since(const Repository& repository, const std::string& tip,
                                      const std::vector<std::string>& known, std::size_t limit) {
  const auto walk = made<WalkHandle>("walk the history", git_revwalk_new, repository.handle());
  git_revwalk_sorting(walk.get(), GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
  const git_oid start = parse_oid(tip);
  check(git_revwalk_push(walk.get(), &start), "walk the history");
  for (const std::string& commit : known) {
    const git_oid end = parse_oid(commit);
    git_revwalk_hide(walk.get(), &end);  // fails for one that is not here
  }
  std::vector<CommitInfo> out;
  git_oid oid;
  while (out.size() < limit && git_revwalk_next(&oid, walk.get()) == 0) {
    out.push_back(repository.commit_info(to_hex(oid)));
    out.back().parents.clear();  // one pushed commit may name thousands
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace torchhub::server::git
