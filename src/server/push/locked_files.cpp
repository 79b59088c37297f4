#include "server/push/locked_files.h"

#include "server/git/ref_rules.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

/// What lies at `path`; empty if nothing does.
std::string id_at(const git::Repository& git, const std::optional<std::string>& commit,
                  const std::string& path) {
  const auto entry = commit ? git.entry(*commit, path) : std::nullopt;
  return entry ? entry->oid : "";
}

}  // namespace

std::vector<std::string> locked_by_others(const HubState& hub, const RepoRow& repo,
                                          const Account& user, const git::Repository& git,
                                          const std::optional<std::string>& old_tip,
                                          const std::optional<std::string>& new_tip) {
  std::vector<std::string> out;
  if (!new_tip) return out;
  const auto before = old_tip ? old_tip : git.ref_target(git::kDefaultBranch);
  for (const PathLock& lock : hub.locks.locks_of_others(repo.id, user.id)) {
    if (id_at(git, before, lock.path) == id_at(git, new_tip, lock.path)) continue;
    out.push_back(fmt::format("{} (locked by {})", lock.path, lock.owner));
  }
  return out;
}

}  // namespace torchhub::server
