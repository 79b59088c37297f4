#include "torchhub/server/stats.h"

#include "server/admin/admin_hub.h"
#include "server/admin/collect_run.h"
#include "server/git/reachable.h"
#include "torchhub/server/collect.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

std::uint64_t total(const RepoStats& stats) { return stats.git_bytes + stats.object_bytes; }

void sort_by_size(std::vector<RepoStats>& stats) {
  std::sort(stats.begin(), stats.end(), [](const RepoStats& a, const RepoStats& b) {
    return total(a) != total(b) ? total(a) > total(b) : a.name < b.name;
  });
}

RepoStats stats_of(const AdminHub& hub, const RepoRow& repo) {
  RepoStats out{.name = shown(repo), .owner = repo.owner};
  const fs::path folder = hub.folder.repository(repo.id);
  out.git_bytes = bytes_below(folder);
  git::Reachable found;
  try {
    found = git::walk_reachable(hub.open(folder), git::Depth::pointers);
  } catch (const git::GitError&) {
    return out;  // deleted meanwhile, or damaged: 'admin fsck' is for that
  }
  for (const LfsPointer& object : hub.repo_objects.objects(repo.id)) {
    out.object_bytes += object.size;
    const auto use = found.pointers.find(object.oid);
    if (use == found.pointers.end() || !use->second.at_a_tip) out.old_bytes += object.size;
  }
  return out;
}

}  // namespace
}  // namespace torchhub::server

namespace torchhub {

std::vector<RepoStats> HubStats::owners() const {
  std::map<std::string, RepoStats> sums;
  for (const RepoStats& repo : repositories) {
    RepoStats& sum = sums[repo.owner];
    sum.name = sum.owner = repo.owner;
    sum.git_bytes += repo.git_bytes;
    sum.object_bytes += repo.object_bytes;
    sum.old_bytes += repo.old_bytes;
  }
  std::vector<RepoStats> out;
  for (auto& [owner, sum] : sums) out.push_back(std::move(sum));
  server::sort_by_size(out);
  return out;
}

HubStats hub_stats(const std::filesystem::path& data_dir) {
  const server::AdminHub hub(data_dir, Durability::full, system_clock());
  HubStats out;
  for (const server::RepoRow& repo : hub.repos.all()) {
    out.repositories.push_back(server::stats_of(hub, repo));
    out.git_bytes += out.repositories.back().git_bytes;
  }
  server::sort_by_size(out.repositories);
  for (const auto& file : hub.object_files()) {
    ++out.objects;
    out.object_bytes += server::bytes_below(file);
  }
  out.trash_bytes = server::bytes_below(hub.folder.trash());
  const CollectReport collectable = collect_garbage(data_dir);
  out.reclaimable_bytes = collectable.bytes(CollectedItem::Kind::object) +
                          collectable.bytes(CollectedItem::Kind::trash) +
                          collectable.bytes(CollectedItem::Kind::upload);
  out.free_bytes = std::filesystem::space(data_dir).available;
  return out;
}

}  // namespace torchhub
