#include "server/admin/collect_run.h"
#include "server/git/reachable.h"
#include "server/store/object_guard.h"

#include <fmt/format.h>

#include <vector>

namespace torchhub::server {
namespace {

/// Links of a repository that are older than the grace.
std::vector<LfsPointer> old_links(CollectRun& run, const RepoRow& repo) {
  auto connection = run.hub.database.lease();
  Statement row = connection->prepare(
      "SELECT oid, size FROM repo_lfs WHERE repo = ? AND created <= ? ORDER BY oid");
  row.bind(repo.id).bind(run.oldest_kept());
  std::vector<LfsPointer> out;
  while (row.step()) out.push_back({row.text(0), static_cast<std::uint64_t>(row.number(1))});
  return out;
}

/// What a look at the repository found, and the refs that it is true for.
struct Unused {
  std::vector<LfsPointer> links = {};
  git::RefIds refs = {};
};

Unused find_unused(CollectRun& run, const RepoRow& repo) {
  Unused out{old_links(run, repo)};
  if (out.links.empty()) return out;
  const git::Repository repository = run.hub.open(run.hub.folder.repository(repo.id));
  out.refs = repository.ref_ids();
  const git::Reachable found = git::walk_reachable(repository, git::Depth::pointers);
  if (!found.problems.empty()) {
    run.report.warnings.push_back(fmt::format(
        "{} is damaged, so nobody knows what it needs; it was left alone. See 'admin fsck'.",
        shown(repo)));
    return {};
  }
  std::erase_if(out.links,
                [&](const LfsPointer& link) { return found.pointers.contains(link.oid); });
  return out;
}

/// @return false if the repository changed since the look
bool remove_links(CollectRun& run, const RepoRow& repo, const Unused& unused) {
  const auto guard = ObjectGuard::alone(run.hub.folder.root(), *run.hub.clock);
  if (run.hub.open(run.hub.folder.repository(repo.id)).ref_ids() != unused.refs) return false;
  auto connection = run.hub.database.lease();
  WriteTransaction transaction(*connection);
  for (const LfsPointer& link : unused.links) {
    // The time again: an upload may have asked for the object and been told that it is here.
    connection->run("DELETE FROM repo_lfs WHERE repo = ? AND oid = ? AND created <= ?", repo.id,
                    link.oid, run.oldest_kept());
  }
  transaction.commit();
  return true;
}

void collect_links_of(CollectRun& run, const RepoRow& repo) {
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    const Unused unused = find_unused(run, repo);
    if (unused.links.empty()) return;
    if (run.options.apply && !remove_links(run, repo, unused)) continue;
    for (const LfsPointer& link : unused.links) {
      run.report.items.push_back({CollectedItem::Kind::link, shown(repo), link.oid, link.size});
    }
    return;
  }
  run.report.warnings.push_back(
      fmt::format("{} changed all the time; it was left alone.", shown(repo)));
}

}  // namespace

void collect_links(CollectRun& run) {
  for (const RepoRow& repo : run.hub.repos.all()) {
    try {
      collect_links_of(run, repo);
    } catch (const git::GitError& error) {
      // Deleted meanwhile, or damaged: either way not ours to collect from.
      if (!run.hub.repos.is_ready(repo.id)) continue;
      run.report.warnings.push_back(
          fmt::format("{} was left alone: {}", shown(repo), error.what()));
    }
  }
}

}  // namespace torchhub::server
