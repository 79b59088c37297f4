#include "server/admin/fsck_run.h"
#include "server/repos/adopt.h"
#include "server/repos/repo_label.h"
#include "server/repos/trash.h"
#include "server/store/rows.h"
#include "torchhub/base/atomic_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>

namespace torchhub::server {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

bool has_row(FsckRun& run, const std::string& id) {
  auto connection = run.hub.database.lease();
  return connection->prepare("SELECT 1 FROM repo WHERE id = ?").bind(id).step();
}

void adopt_folder(FsckRun& run, FsckFinding& finding, const fs::path& folder,
                  const std::optional<json>& label) {
  if (!run.options.repair) return;
  if (!label) return run.put_away(finding, folder);
  auto connection = run.hub.database.lease();
  WriteTransaction transaction(*connection);
  std::size_t lost = 0;
  const auto why_not = adopt_repo(*connection, *label, MissingAccount::make, lost);
  if (why_not) {
    finding.text += fmt::format(" It cannot have its row back: {}.", *why_not);
    return run.put_away(finding, folder);
  }
  transaction.commit();
  finding.done = "its row was made again";
}

/// One repository that is ready.
class RepoCheck {
 public:
  RepoCheck(FsckRun& run, const RepoRow& row, StoredObjects& stored)
      : run_(run), row_(row), stored_(stored), path_(run.hub.folder.repository(row.id)) {}

  void check() {
    if (!fs::exists(path_) && !find_folder()) return;
    check_label();
    check_git();
    check_links();
  }

 private:
  /// @return whether there is one to look at now
  bool find_folder() {
    if (!run_.hub.repos.is_ready(row_.id)) return false;  // deleted meanwhile
    FsckFinding& finding =
        run_.problem("repository_missing", shown(row_),
                     fmt::format("Its folder '{}' is not there.", path_.string()));
    if (!run_.options.repair) return false;
    if (const auto trashed = find_in_trash(run_.hub.folder, row_.id + ".git")) {
      move_out_of_trash(*trashed, path_, run_.hub.durability);
      finding.done = "brought back from the trash";
      return true;
    }
    forget(finding);
    return false;
  }

  /// Without its content, a repository is a name that nobody can use. What the database knew of it
  /// is kept as a file.
  void forget(FsckFinding& finding) const {
    const fs::path file = trash_of(run_.hub.folder, run_.hub.now()) / (row_.id + ".json");
    {
      auto connection = run_.hub.database.lease();
      write_file_atomically(file, make_whole_label(*connection, row_.id).dump(1) + "\n");
    }
    run_.hub.repos.forget(row_.id);
    finding.done = fmt::format("its row was moved to '{}'", file.string());
  }

  void check_label() {
    const auto found = read_label(path_);
    json wanted;
    {
      auto connection = run_.hub.database.lease();
      wanted = make_label(*connection, row_.id);
    }
    if (!wanted.at("repo").is_object() || (found && labels_agree(*found, wanted))) return;
    FsckFinding& finding = run_.note(
        "label_old", shown(row_),
        "Its label does not say what the database says; --rebuild would bring the old state back.");
    if (!run_.options.repair) return;
    write_file_atomically(label_of(path_), wanted.dump(1) + "\n");
    finding.done = "written anew";
  }

  void check_git() {
    try {
      const git::Repository repository = run_.hub.open(path_);
      reachable_ = git::walk_reachable(
          repository, run_.options.deep ? git::Depth::contents : git::Depth::pointers);
      if (!repository.ref_target("refs/heads/main")) {
        run_.note("no_main", shown(row_), "It has no branch 'main'.");
      }
    } catch (const Error& error) {
      reachable_.problems.push_back(error.what());
    }
    run_.report.git_objects += reachable_.objects;
    if (reachable_.problems.empty() || !run_.hub.repos.is_ready(row_.id)) return;
    for (const std::string& text : reachable_.problems) {
      run_.problem("git_damaged", shown(row_), text);
    }
  }

  void check_links() {
    std::map<std::string, std::uint64_t> links;
    for (const LfsPointer& link : run_.hub.repo_objects.objects(row_.id))
      links[link.oid] = link.size;
    for (const auto& [oid, use] : reachable_.pointers) {
      if (!links.contains(oid)) check_unlinked(use);
    }
    for (const auto& [oid, size] : links) {
      const auto use = reachable_.pointers.find(oid);
      check_object({oid, size}, use != reachable_.pointers.end() ? &use->second : nullptr);
    }
  }

  std::string file_of(const git::PointerUse& use) const {
    return fmt::format("'{}' ({})", use.path, use.object.oid);
  }

  void check_unlinked(const git::PointerUse& use) {
    if (!run_.hub.repos.is_ready(row_.id)) return;
    const bool there = object_is_there(use.object);
    if (!use.at_a_tip) {
      // A deletion of LFS files leaves these behind, and so does the collector.
      run_.note("old_version_gone", shown(row_),
                fmt::format("An old version of {} has no object any more.", file_of(use)));
      return;
    }
    FsckFinding& finding = run_.problem(
        there ? "link_missing" : "object_missing", shown(row_),
        fmt::format("The object of {} {}.", file_of(use),
                    there ? "does not count as the repository's own" : "is not in the store"));
    if (!there && !bring_back(finding, use.object)) return;
    if (!run_.options.repair) return;
    run_.hub.repo_objects.link(row_.id, {use.object});
    finding.done = finding.done.empty() ? "linked" : finding.done + " and linked";
  }

  bool object_is_there(const LfsPointer& object) const {
    const auto found = stored_.find(object.oid);
    if (found != stored_.end()) return found->second == object.size;
    // It may have come since the store was read.
    std::error_code gone;
    const std::uint64_t size = fs::file_size(run_.hub.folder.object(object.oid), gone);
    return !gone && size == object.size;
  }

  void check_object(const LfsPointer& object, const git::PointerUse* use) {
    if (object_is_there(object)) {
      if (use == nullptr || use->object.size == object.size) return;
      run_.problem("size_differs", shown(row_),
                   fmt::format("{} says {} bytes, but its object has {}.", file_of(*use),
                               use->object.size, object.size));
      return;
    }
    if (!run_.hub.repo_objects.is_linked(row_.id, object.oid)) return;  // collected meanwhile
    const bool other_size = stored_.contains(object.oid);
    FsckFinding& finding = run_.problem(
        other_size ? "object_damaged" : "object_missing", shown(row_),
        fmt::format("The object {} of {} bytes{} {}.", object.oid, object.size,
                    use != nullptr ? fmt::format(" ('{}')", use->path) : "",
                    other_size ? "has another size in the store" : "is not in the store"));
    if (!other_size) bring_back(finding, object);
  }

  /// From the trash, if it lies there.
  bool bring_back(FsckFinding& finding, const LfsPointer& object) {
    if (!run_.options.repair) return false;
    if (!bring_object_back(run_.hub.folder, object.oid, run_.hub.durability)) return false;
    stored_[object.oid] = object.size;
    finding.done = "brought back from the trash";
    return true;
  }

  FsckRun& run_;
  const RepoRow& row_;
  StoredObjects& stored_;
  fs::path path_;
  git::Reachable reachable_ = {};
};

void check_half_made(FsckRun& run) {
  for (const char* state : {"creating", "deleting"}) {
    for (const std::string& id : run.hub.repos.in_state(state)) {
      run.note("half_done", "repository " + id,
               fmt::format("It is in the state '{}'; the next start of the server puts it right.",
                           state));
    }
  }
}

}  // namespace

void check_folders(FsckRun& run) {
  for (const fs::path& folder : run.hub.repository_folders()) {
    const std::string id = id_of_folder(folder);
    if (id.empty()) {
      FsckFinding& finding = run.note("no_repository", folder.string(), "This is no repository.");
      run.put_away(finding, folder);
      continue;
    }
    if (has_row(run, id) || !fs::exists(folder)) continue;
    const auto label = read_label(folder);
    FsckFinding& finding = run.problem(
        "repository_without_row", label ? name_in_label(*label, id) : "repository " + id,
        fmt::format("The database does not know '{}'{}.", folder.string(),
                    label ? "" : ", and it has no label"));
    adopt_folder(run, finding, folder, label);
  }
}

void check_repositories(FsckRun& run, StoredObjects& stored) {
  for (const RepoRow& row : run.hub.repos.all()) {
    ++run.report.repositories;
    RepoCheck(run, row, stored).check();
  }
  check_half_made(run);
}

}  // namespace torchhub::server
