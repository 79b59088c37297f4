#include "server/admin/collect_run.h"
#include "server/repos/repo_label.h"
#include "server/repos/trash.h"
#include "server/store/object_guard.h"
#include "torchhub/base/random_id.h"
#include "torchhub/base/timestamp.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <span>
#include <vector>

namespace torchhub::server {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

bool has_link(Connection& connection, const std::string& oid) {
  Statement row = connection.prepare("SELECT 1 FROM repo_lfs WHERE oid = ? LIMIT 1");
  return row.bind(oid).step();
}

/// Before links are really removed, so that a report counts what a collection would find.
bool has_link_that_stays(Connection& connection, const std::string& oid,
                         const std::set<std::pair<std::string, std::string>>& going) {
  Statement row = connection.prepare(
      "SELECT repo.type || ' ' || account.name || '/' || repo.name FROM repo_lfs "
      "JOIN repo ON repo.id = repo_lfs.repo JOIN account ON account.id = repo.owner "
      "WHERE repo_lfs.oid = ?");
  row.bind(oid);
  while (row.step()) {
    if (!going.contains({row.text(0), oid})) return true;
  }
  return false;
}

/// Removes those of a batch that have neither link nor offer now that nobody else can make one.
void remove_objects(CollectRun& run, std::span<const CollectedItem> batch) {
  const auto guard = ObjectGuard::alone(run.hub.folder.root(), *run.hub.clock);
  auto connection = run.hub.database.lease();
  for (const CollectedItem& item : batch) {
    if (has_link(*connection, item.object) || run.hub.offers.has_any(item.object)) continue;
    if (!fs::exists(run.hub.folder.object(item.object))) continue;  // another collection was faster
    move_to_trash(run.hub.folder, run.hub.folder.object(item.object), item.object, run.hub.now(),
                  run.hub.durability);
    run.report.items.push_back(item);
  }
}

std::vector<CollectedItem> unlinked_objects(CollectRun& run) {
  std::set<std::pair<std::string, std::string>> going;
  for (const CollectedItem& item : run.report.items) {
    if (item.kind == CollectedItem::Kind::link) going.emplace(item.where, item.object);
  }
  const std::set<std::string> in_trash = needed_by_trash(run.hub.folder);
  auto connection = run.hub.database.lease();
  std::vector<CollectedItem> out;
  for (const fs::path& file : run.hub.object_files()) {
    const std::string oid = file.filename().string();
    if (!is_lfs_oid(oid) || in_trash.contains(oid)) continue;
    if (has_link_that_stays(*connection, oid, going) || run.hub.offers.has_any(oid)) continue;
    std::error_code gone;
    const std::uint64_t size = fs::file_size(file, gone);
    if (!gone) out.push_back({CollectedItem::Kind::object, oid, oid, size});
  }
  return out;
}

/// For good, unless 'repo restore' was faster. @return whether it was still there
bool remove_from_trash(CollectRun& run, const fs::path& entry) {
  const fs::path aside = run.hub.folder.incoming() / random_hex(12);
  {
    const auto guard = ObjectGuard::alone(run.hub.folder.root(), *run.hub.clock);
    if (!fs::exists(entry)) return false;
    fs::rename(entry, aside);
  }
  fs::remove_all(aside);  // uploads do not wait for that
  return true;
}

/// The last moment at which something in it was written.
fs::file_time_type last_write(const fs::path& path) {
  std::error_code gone;
  fs::file_time_type newest = fs::last_write_time(path, gone);
  if (gone) return fs::file_time_type::max();
  for (const auto& entry : entries_below(path)) {
    const fs::file_time_type time = entry.last_write_time(gone);
    if (!gone) newest = std::max(newest, time);
  }
  return newest;
}

}  // namespace

std::uint64_t bytes_below(const fs::path& path) {
  std::error_code gone;
  if (fs::is_regular_file(path, gone)) return fs::file_size(path, gone);
  std::uint64_t sum = 0;
  for (const auto& entry : entries_below(path)) {
    const std::uint64_t size = entry.is_regular_file(gone) ? entry.file_size(gone) : 0;
    if (!gone) sum += size;
  }
  return sum;
}

std::set<std::string> needed_by_trash(const DataFolder& folder) {
  std::set<std::string> out;
  for (const auto& day : fs::directory_iterator(folder.trash())) {
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator(day.path(), gone)) {
      if (entry.path().extension() != ".git") continue;
      const auto label = read_label(entry.path());
      if (!label || !label->contains("rows")) continue;
      for (const json& table : label->at("rows")) {
        if (table.at("table") != "repo_lfs") continue;
        for (const json& row : table.at("rows")) out.insert(row.at("oid").get<std::string>());
      }
    }
  }
  return out;
}

void collect_objects(CollectRun& run) {
  const std::vector<CollectedItem> found = unlinked_objects(run);
  if (!run.options.apply) {
    run.report.items.insert(run.report.items.end(), found.begin(), found.end());
    return;
  }
  constexpr std::size_t kBatch = 100;  // uploads wait for one of these
  for (std::size_t i = 0; i < found.size(); i += kBatch) {
    remove_objects(run, std::span(found).subspan(i, std::min(kBatch, found.size() - i)));
  }
}

void collect_trash(CollectRun& run) {
  // Days have names that sort by time.
  const std::string last_day = to_rfc3339(run.hub.now() - run.options.grace).substr(0, 10);
  const std::string today = to_rfc3339(run.hub.now()).substr(0, 10);
  const bool all = run.options.grace.count() == 0;
  for (const auto& day : fs::directory_iterator(run.hub.folder.trash())) {
    const std::string name = day.path().filename().string();
    if (!all && name >= last_day) continue;
    for (const auto& entry : fs::directory_iterator(day.path())) {
      const CollectedItem item{CollectedItem::Kind::trash,
                               name + "/" + entry.path().filename().string(), "",
                               bytes_below(entry.path())};
      if (!run.options.apply || remove_from_trash(run, entry.path())) {
        run.report.items.push_back(item);
      }
    }
    std::error_code used;  // a deletion may just bring the next one
    if (run.options.apply && name != today) fs::remove(day.path(), used);
  }
}

void collect_uploads(CollectRun& run) {
  constexpr auto kLife = std::chrono::hours(24);
  for (const auto& entry : fs::directory_iterator(run.hub.folder.incoming())) {
    // By the clock that made the files' times, which is not one that tests own.
    if (last_write(entry.path()) > fs::file_time_type::clock::now() - kLife) continue;
    run.report.items.push_back({CollectedItem::Kind::upload, entry.path().filename().string(), "",
                                bytes_below(entry.path())});
    std::error_code gone;
    if (run.options.apply) fs::remove_all(entry.path(), gone);
  }
}

}  // namespace torchhub::server
