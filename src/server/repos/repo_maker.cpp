#include "server/repos/repo_maker.h"

#include "server/git/default_attributes.h"
#include "server/git/object_intake.h"
#include "server/git/tree_edit.h"
#include "server/repos/commit_plan.h"
#include "server/repos/head_cache.h"
#include "server/repos/repo_event.h"
#include "server/repos/repo_label.h"
#include "server/repos/trash.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <system_error>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFirstBranch = "refs/heads/main";

std::string host_name_of(std::string_view url) {
  const std::size_t start = url.find("://") + 3;
  return std::string(url.substr(start, url.find_first_of(":/", start) - start));
}

/// Writes the first commit into a repository that nobody sees yet.
void write_first_commit(const HubState& hub, git::Repository& repository, const NewRepo& wanted,
                        const Account& creator) {
  git::ObjectIntake intake(repository, hub.folder);
  std::map<std::string, std::string> files = wanted.files;
  files.try_emplace(".gitattributes", git::default_attributes(wanted.type));
  git::TreeEdit tree(intake.repository(), nullptr);
  for (const auto& [path, content] : files) {
    need_done(tree.put(path, intake.write_blob(content)), path);
  }
  const git_oid tree_id = tree.write();
  const auto root =
      git::made<git::TreeHandle>("read a tree", git_tree_lookup, intake.repository(), &tree_id);
  const auto author = signature_of(hub, creator.name);
  git_oid commit;
  git::check(git_commit_create(&commit, intake.repository(), nullptr, author.get(), author.get(),
                               nullptr, "initial commit", root.get(), 0, nullptr),
             "write the first commit");
  intake.keep();
  if (!repository.move_ref(kFirstBranch, "", git::to_hex(commit), "initial commit")) {
    throw git::GitError("git failed to create the branch 'main' of a new repository.", GIT_EEXISTS);
  }
}

void make_folder(HubState& hub, const RepoRow& row, const FillRepo& fill) {
  const fs::path place = hub.folder.repository(row.id);
  make_folders(place.parent_path());
  const fs::path beside = hub.folder.incoming() / row.id;
  git::Repository::create(beside);
  {
    // Flushed as a whole afterwards.
    git::Repository repository(beside, hub.folder.git_config(), Durability::relaxed);
    fill(repository, row);
    auto connection = hub.database.lease();
    write_file_atomically(label_of(beside), make_label(*connection, row.id).dump(1) + "\n");
  }
  sync_tree_if(hub.options.durability, beside);
  fs::rename(beside, place);
  sync_folder_if(hub.options.durability, place.parent_path());
  sync_folder_if(hub.options.durability, place.parent_path().parent_path());
}

/// Frees a name that only a try which failed still holds. @return false if it is taken
bool free_name(HubState& hub, const RepoRow& wanted) {
  const auto left = hub.repos.abandoned(wanted);
  if (!left) return false;
  fs::remove_all(hub.folder.repository(*left));
  hub.repos.forget(*left);
  return true;
}

/// Takes the name and tidies up what an earlier try left under it.
std::optional<RepoRow> reserve(HubState& hub, const RepoRow& wanted) {
  if (auto row = hub.repos.reserve(wanted)) return row;
  return free_name(hub, wanted) ? hub.repos.reserve(wanted) : std::nullopt;
}

/// Frees the name of a repository that could not be made. If the database fails at that, too, the
/// next try with this name does it, or the next start.
void give_back(HubState& hub, const std::string& id) {
  std::error_code ignored;
  fs::remove_all(hub.folder.incoming() / id, ignored);
  try {
    hub.repos.forget(id);
    fs::remove_all(hub.folder.repository(id), ignored);
  } catch (const DatabaseError& error) {
    log::warning("name_not_freed", {{"repository", id}, {"error", error.what()}});
  }
  hub.repos.abandon(id);
}

/// Gives up the reserve for a scope that frees space, and keeps it again at its end.
class UseOfReserve {
 public:
  explicit UseOfReserve(const DataFolder& folder) : folder_(folder) { folder_.give_up_reserve(); }
  ~UseOfReserve() { folder_.keep_reserve(); }
  UseOfReserve(const UseOfReserve&) = delete;
  UseOfReserve& operator=(const UseOfReserve&) = delete;

 private:
  const DataFolder& folder_;
};

/// To the trash, unless space is what is wanted.
void put_away(HubState& hub, const std::string& id) {
  try {
    move_repo_to_trash(hub.database, hub.folder, id, hub.options.clock->now(),
                       hub.options.durability);
  } catch (const DiskFullError&) {
    remove_repo_folder(hub.folder, id);
  }
}

/// For a repository that is marked: gone for everybody, so that what fails here only waits for the
/// next start. The row goes last, since it is what the next start knows the folder by.
void clear_away(HubState& hub, const std::string& id, const std::function<void()>& folder_goes) {
  try {
    folder_goes();
    hub.repos.forget(id);
  } catch (const std::exception& error) {
    log::warning("removal_waits_for_next_start", {{"repository", id}, {"error", error.what()}});
  }
}

NewEvent event_of(const NewRepo& wanted, const Account& creator, const RepoRow& made) {
  if (wanted.copied_from.empty()) return repo_event(events::kRepoCreated, creator, made);
  return repo_event(events::kRepoDuplicated, creator, made, {{"from", wanted.copied_from}});
}

}  // namespace

git::SignatureHandle signature_of(const HubState& hub, const std::string& user) {
  const std::string mail = fmt::format("{}@users.noreply.{}", user,
                                       host_name_of(hub.options.base_url.value_or(hub.own_url)));
  const auto now = std::chrono::system_clock::to_time_t(hub.options.clock->now());
  return git::made<git::SignatureHandle>("name the author", git_signature_new, user.c_str(),
                                         mail.c_str(), static_cast<git_time_t>(now), 0);
}

std::optional<RepoRow> make_repo(HubState& hub, const NewRepo& wanted, const Account& creator) {
  return make_filled_repo(hub, wanted, creator, [&](git::Repository& repository, const RepoRow&) {
    write_first_commit(hub, repository, wanted, creator);
  });
}

std::optional<RepoRow> make_filled_repo(HubState& hub, const NewRepo& wanted,
                                        const Account& creator, const FillRepo& fill) {
  RepoRow row;
  row.type = wanted.type;
  row.owner_id = wanted.owner.id;
  row.owner = wanted.owner.name;
  row.name = wanted.name;
  row.creator_id = creator.id;
  row.private_ = wanted.private_;
  auto reserved = reserve(hub, row);
  if (!reserved) return std::nullopt;
  hub.faults.reach("create.reserved");
  try {
    make_folder(hub, *reserved, fill);
    hub.faults.reach("create.folder_made");
    hub.repos.mark_ready(*reserved, event_of(wanted, creator, *reserved));
  } catch (const std::exception& error) {
    const auto* database = dynamic_cast<const DatabaseError*>(&error);
    // Waited long enough: the next try frees the name.
    if (database != nullptr && database->is_busy()) {
      hub.repos.abandon(reserved->id);
    } else {
      give_back(hub, reserved->id);
    }
    throw;
  }
  heal_head_cache(hub, *reserved);
  return reserved;
}

bool move_repo(HubState& hub, const RepoRow& from, const RepoRow& to, const Account& by) {
  if (from.full_name() == to.full_name()) return false;
  const NewEvent event = repo_event(events::kRepoMoved, by, from, {{"to", to.repo().web_path()}});
  // One transaction and no file: the folder is named by the id, which stays.
  return hub.repos.move(from, to, event) || (free_name(hub, to) && hub.repos.move(from, to, event));
}

void remove_repo(HubState& hub, const RepoRow& repo, const Account& by) {
  const NewEvent event = repo_event(events::kRepoDeleted, by, repo);
  try {
    hub.repos.mark_deleting(repo.id, event);
    hub.repositories.forget(hub.folder.repository(repo.id));
  } catch (const DatabaseError& error) {
    if (!error.is_full()) throw;
    const UseOfReserve room(hub.folder);
    hub.repos.mark_deleting(repo.id, event);
    // No trash: space is what is wanted.
    return clear_away(hub, repo.id, [&] { remove_repo_folder(hub.folder, repo.id); });
  }
  hub.faults.reach("delete.marked");
  finish_deletion(hub, repo.id);
}

void finish_deletion(HubState& hub, const std::string& id) {
  clear_away(hub, id, [&] { put_away(hub, id); });
}

}  // namespace torchhub::server
