#include "server/repos/repo_maker.h"

#include "server/git/default_attributes.h"
#include "server/git/object_intake.h"
#include "server/git/tree_edit.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMain = "refs/heads/main";

std::string host_of(std::string_view url) {
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
  for (const auto& [path, content] : files) tree.put(path, intake.write_blob(content));
  const git_oid tree_id = tree.write();
  const auto root =
      git::made<git::TreeHandle>("read a tree", git_tree_lookup, intake.repository(), &tree_id);
  const auto author = signature_of(hub, creator.name);
  git_oid commit;
  git::check(git_commit_create(&commit, intake.repository(), nullptr, author.get(), author.get(),
                               nullptr, "initial commit", root.get(), 0, nullptr),
             "write the first commit");
  intake.keep();
  repository.move_ref(kMain, "", git::to_hex(commit), "initial commit");
}

void make_folder(const HubState& hub, const RepoRow& row, const NewRepo& wanted,
                 const Account& creator) {
  const fs::path place = hub.folder.repository(row.id);
  make_folders(place.parent_path());
  const fs::path beside = hub.folder.incoming() / row.id;
  git::Repository::create(beside);
  {
    // Flushed as a whole afterwards.
    git::Repository repository(beside, hub.folder.git_config(), Durability::relaxed);
    write_first_commit(hub, repository, wanted, creator);
  }
  if (hub.options.durability == Durability::full) {
    for (const auto& entry : fs::recursive_directory_iterator(beside)) {
      if (entry.is_directory()) sync_folder(entry.path());
      if (entry.is_regular_file()) sync_file(entry.path());
    }
    sync_folder(beside);
  }
  fs::rename(beside, place);
  sync_folder_if(hub.options.durability, place.parent_path());
  sync_folder_if(hub.options.durability, place.parent_path().parent_path());
}

}  // namespace

git::SignatureHandle signature_of(const HubState& hub, const std::string& user) {
  const std::string mail =
      fmt::format("{}@users.noreply.{}", user, host_of(hub.options.base_url.value_or(hub.own_url)));
  const auto now = std::chrono::system_clock::to_time_t(hub.options.clock->now());
  return git::made<git::SignatureHandle>("name the author", git_signature_new, user.c_str(),
                                         mail.c_str(), static_cast<git_time_t>(now), 0);
}

std::optional<RepoRow> make_repo(HubState& hub, const NewRepo& wanted, const Account& creator) {
  RepoRow row;
  row.type = wanted.type;
  row.owner_id = wanted.owner.id;
  row.owner = wanted.owner.name;
  row.name = wanted.name;
  row.creator_id = creator.id;
  row.private_ = wanted.private_;
  auto reserved = hub.repos.reserve(row);
  if (!reserved) return std::nullopt;
  hub.faults.reach("create.reserved");
  try {
    make_folder(hub, *reserved, wanted, creator);
  } catch (const std::exception&) {
    hub.repos.forget(reserved->id);
    std::error_code ignored;
    fs::remove_all(hub.folder.incoming() / reserved->id, ignored);
    throw;
  }
  hub.faults.reach("create.folder_made");
  hub.repos.mark_ready(reserved->id);
  return reserved;
}

void remove_repo(HubState& hub, const RepoRow& repo) {
  try {
    hub.repos.mark_deleting(repo.id);
  } catch (const DatabaseError& error) {
    if (!error.is_full()) throw;
    hub.folder.give_up_reserve();
    hub.repos.mark_deleting(repo.id);
    std::error_code ignored;  // no trash: space is what is wanted
    fs::remove_all(hub.folder.repository(repo.id), ignored);
  }
  hub.faults.reach("delete.marked");
  const std::string today = to_rfc3339(hub.options.clock->now()).substr(0, 10);
  const fs::path trash = hub.folder.trash() / today;
  std::error_code ignored;  // gone for everybody anyway; the next start removes it
  fs::create_directories(trash, ignored);
  fs::rename(hub.folder.repository(repo.id), trash / (repo.id + ".git"), ignored);
  hub.repos.forget(repo.id);
}

}  // namespace torchhub::server
