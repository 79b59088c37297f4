#include "torchhub/server/repositories.h"

#include "server/admin/admin_hub.h"
#include "server/repos/adopt.h"
#include "server/repos/repo_event.h"
#include "server/repos/repo_label.h"
#include "server/repos/trash.h"
#include "server/store/object_guard.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <optional>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string shown(const Repo& repo) {
  return fmt::format("{} '{}'", to_string(repo.type), repo.id.str());
}

/// A repository in the trash.
struct Trashed {
  fs::path folder;
  std::string day;
  std::string id;
  Repo repo;
  json label;
};

/// A command on the server's machine does what nobody of its accounts did.
server::NewEvent event_of(std::string_view kind, const server::RepoRow& repo,
                          const json& more = json::object()) {
  return server::repo_event(kind, {}, repo, more);
}

bool same_name(const Repo& a, const Repo& b) {
  return a.type == b.type && server::folded(a.id.str()) == server::folded(b.id.str());
}

}  // namespace

struct RepositoryAdmin::Impl {
  Impl(const fs::path& data_dir, Durability durability, std::shared_ptr<const Clock> clock)
      : hub(data_dir, durability, std::move(clock)) {}

  server::RepoRow row(const Repo& repo) const {
    if (auto found = hub.repos.find(repo.type, repo.id)) return *found;
    throw RepositoryAdminError(
        fmt::format("There is no {} in '{}'.", shown(repo), hub.folder.root().string()));
  }

  /// Newest day first.
  std::vector<Trashed> trashed() const {
    std::vector<Trashed> out;
    for (const auto& day : fs::directory_iterator(hub.folder.trash())) {
      for (const auto& entry : fs::directory_iterator(day.path())) {
        if (entry.path().extension() != ".git") continue;
        auto label = server::read_label(entry.path());
        const auto repo = label ? server::repo_in_label(*label) : std::nullopt;
        if (!repo) continue;
        out.push_back({entry.path(), day.path().filename().string(), entry.path().stem().string(),
                       *repo, *std::move(label)});
      }
    }
    // Within a day by the last change that the label knows of.
    std::stable_sort(out.begin(), out.end(), [](const Trashed& a, const Trashed& b) {
      if (a.day != b.day) return a.day > b.day;
      return a.label["repo"].value("modified", 0LL) > b.label["repo"].value("modified", 0LL);
    });
    return out;
  }

  Repo restore(const std::function<bool(const Trashed&)>& is_wanted, const std::string& name) {
    const std::vector<Trashed> all = trashed();
    const auto found = std::find_if(all.begin(), all.end(), is_wanted);
    if (found == all.end()) {
      throw RepositoryAdminError(fmt::format(
          "There is no {} in the trash. 'torchhub admin repo list --deleted' tells what is.",
          name));
    }
    bring_back(*found);
    return found->repo;
  }

  void bring_back(const Trashed& found) {
    // Collected with it, its objects come back, too; none is to go now.
    const auto guard = server::ObjectGuard::shared(hub.folder.root());
    {
      auto connection = hub.database.lease();
      server::WriteTransaction transaction(*connection);
      std::size_t lost = 0;
      const auto why_not =
          server::adopt_repo(*connection, found.label, server::MissingAccount::refuse, lost);
      if (why_not) {
        throw RepositoryAdminError(
            fmt::format("The {} cannot come back: {}.", shown(found.repo), *why_not));
      }
      // Before the row: it must not be seen without. A crash in between leaves a folder without a
      // row, which 'fsck --repair' knows how to take in.
      server::move_out_of_trash(found.folder, hub.folder.repository(found.id), hub.durability);
      write_event(*connection, hub.now(),
                  {server::events::kRepoRestored, {}, found.id, {{"repo", found.repo.web_path()}}});
      transaction.commit();
    }
    for (const LfsPointer& object : hub.repo_objects.objects(found.id)) {
      if (fs::exists(hub.folder.object(object.oid))) continue;
      server::bring_object_back(hub.folder, object.oid, hub.durability);
    }
    server::refresh_label(hub.database, hub.folder, found.id);
  }

  server::AdminHub hub;
};

RepositoryAdmin::RepositoryAdmin(const fs::path& data_dir, Durability durability,
                                 std::shared_ptr<const Clock> clock)
    : impl_(std::make_unique<Impl>(data_dir, durability, std::move(clock))) {}
RepositoryAdmin::~RepositoryAdmin() = default;

std::vector<ListedRepository> RepositoryAdmin::list() const {
  std::vector<ListedRepository> out;
  for (const server::RepoRow& row : impl_->hub.repos.all()) {
    out.push_back({row.repo(), row.id, row.private_, row.disabled, {}, row.forced_pushes});
  }
  return out;
}

std::vector<ListedRepository> RepositoryAdmin::deleted() const {
  std::vector<ListedRepository> out;
  for (const Trashed& found : impl_->trashed()) {
    out.push_back({found.repo, found.id, found.label["repo"].value("private", 0) != 0,
                   found.label["repo"].value("disabled", 0) != 0, found.day,
                   found.label["repo"].value("forced_pushes", 1) != 0});
  }
  return out;
}

void RepositoryAdmin::move(const Repo& from, const RepoId& to) {
  const server::RepoRow row = impl_->row(from);
  if (const auto problem = server::problem_of_new_name(to.name)) {
    throw InvalidArgumentError(
        fmt::format("'{}' cannot be a repository's name: {}.", to.str(), *problem));
  }
  const auto owner = impl_->hub.accounts.find(to.owner);
  if (!owner) throw RepositoryAdminError(fmt::format("There is no account '{}'.", to.owner));
  server::RepoRow wanted = row;
  wanted.owner_id = owner->id;
  wanted.owner = owner->name;
  wanted.name = to.name;
  if (!impl_->hub.repos.move(
          row, wanted,
          event_of(server::events::kRepoMoved, row, {{"to", wanted.repo().web_path()}}))) {
    throw RepositoryAdminError(fmt::format("There is already a {}.", shown({to, from.type})));
  }
  server::refresh_label(impl_->hub.database, impl_->hub.folder, row.id);
}

void RepositoryAdmin::set_disabled(const Repo& repo, bool disabled) {
  const server::RepoRow row = impl_->row(repo);
  impl_->hub.repos.change_settings(
      row.id, {.disabled = disabled},
      event_of(server::events::kRepoSettings, row, {{"settings", {{"disabled", disabled}}}}));
  server::refresh_label(impl_->hub.database, impl_->hub.folder, row.id);
}

void RepositoryAdmin::set_forced_pushes(const Repo& repo, bool allowed) {
  const server::RepoRow row = impl_->row(repo);
  impl_->hub.repos.change_settings(
      row.id, {.forced_pushes = allowed},
      event_of(server::events::kRepoSettings, row, {{"settings", {{"forcedPushes", allowed}}}}));
  server::refresh_label(impl_->hub.database, impl_->hub.folder, row.id);
}

void RepositoryAdmin::remove(const Repo& repo) {
  const server::RepoRow row = impl_->row(repo);
  server::AdminHub& hub = impl_->hub;
  hub.repos.mark_deleting(row.id, event_of(server::events::kRepoDeleted, row));
  server::move_repo_to_trash(hub.database, hub.folder, row.id, hub.now(), hub.durability);
  hub.repos.forget(row.id);
}

void RepositoryAdmin::restore(const Repo& repo) {
  impl_->restore([&](const Trashed& found) { return same_name(found.repo, repo); }, shown(repo));
}

Repo RepositoryAdmin::restore(std::string_view id) {
  return impl_->restore([&](const Trashed& found) { return found.id == id; },
                        fmt::format("repository {}", id));
}

}  // namespace torchhub
