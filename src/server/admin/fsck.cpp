#include "torchhub/server/fsck.h"

#include "server/admin/fsck_run.h"
#include "server/repos/trash.h"
#include "torchhub/base/atomic_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace torchhub::server {

namespace fs = std::filesystem;

FsckFinding& FsckRun::problem(std::string kind, std::string where, std::string text) {
  report.findings.push_back({true, std::move(kind), std::move(where), std::move(text)});
  return report.findings.back();
}

FsckFinding& FsckRun::note(std::string kind, std::string where, std::string text) {
  FsckFinding& finding = problem(std::move(kind), std::move(where), std::move(text));
  finding.problem = false;
  return finding;
}

void FsckRun::put_away(FsckFinding& finding, const fs::path& path) const {
  if (!options.repair) return;
  const fs::path place =
      move_to_trash(hub.folder, path, path.filename().string(), hub.now(), hub.durability);
  finding.done = fmt::format("moved to '{}'", place.string());
}

void check_database(FsckRun& run) {
  auto connection = run.hub.database.lease();
  Statement whole = connection->prepare("PRAGMA integrity_check");
  while (whole.step()) {
    if (whole.text(0) == "ok") continue;
    run.problem(
        "database_damaged", "hub.db",
        fmt::format("SQLite finds: {}. Put a backup back, or use --rebuild.", whole.text(0)));
  }
  Statement keys = connection->prepare("PRAGMA foreign_key_check");
  while (keys.step()) {
    run.problem("row_without_parent", "hub.db",
                fmt::format("A row of table '{}' refers to one of '{}' that is not there.",
                            keys.text(0), keys.text(2)));
  }
}

void check_left_uploads(FsckRun& run) {
  constexpr auto kDay = std::chrono::hours(24);
  std::size_t count = 0;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator(run.hub.folder.incoming(), gone)) {
    const auto written = fs::last_write_time(entry.path(), gone);
    if (!gone && fs::file_time_type::clock::now() - written > kDay) ++count;
  }
  if (count == 0) return;
  run.note("left_uploads", "incoming",
           fmt::format("{} unfinished uploads are older than a day. The next start of the server "
                       "or 'admin gc --apply' clears them away.",
                       count));
}

namespace {

void check_key(FsckRun& run) {
  const fs::path key = run.hub.folder.link_key();
  if (!fs::exists(key)) return;  // the server makes one at its first start
  constexpr std::size_t kLength = 64;
  const std::string text = read_file(key);
  const bool whole =
      text.size() == kLength && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (whole) return;
  run.problem(
      "key_damaged", "keys/link",
      "The key of signed links is not whole. Put it back from a backup, or remove it: a new "
      "one is made at the next start, and links given out before stop working.");
}

FsckReport check(AdminHub& hub, const FsckOptions& options) {
  FsckRun run{hub, options};
  if (options.rebuild) note_rebuild(run);
  check_database(run);
  StoredObjects stored = check_object_files(run);
  check_folders(run);
  check_repositories(run, stored);
  check_left_uploads(run);
  check_key(run);
  return std::move(run.report);
}

}  // namespace
}  // namespace torchhub::server

namespace torchhub {

bool FsckReport::problem_found() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const FsckFinding& finding) { return finding.problem; });
}

FsckReport check_hub(const std::filesystem::path& data_dir, const FsckOptions& options) {
  server::need_data_folder(data_dir);
  server::DataFolder lock(data_dir);
  if (options.repair || options.rebuild) lock.lock();
  if (options.rebuild) server::rebuild_database(data_dir, options);
  server::AdminHub hub(data_dir, options.durability, options.clock);
  return server::check(hub, options);
}

}  // namespace torchhub
