#pragma once

#include "server/accounts/account_store.h"
#include "torchhub/wire/lfs_pointer.h"
#include "torchhub/wire/repo.h"

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

struct RepoRow {
  std::string id;  ///< 24 hex digits; names the folder, and `_id` in answers.
  RepoType type = RepoType::model;
  std::string owner_id = {};
  std::string owner = {};  ///< Name as created.
  std::string name = {};
  std::string creator_id = {};
  bool private_ = false;
  TimePoint created = {};
  TimePoint modified = {};

  std::string full_name() const { return owner + "/" + name; }
  Repo repo() const { return {{owner, name}, type}; }
};

struct RepoFilter {
  RepoType type = RepoType::model;
  std::string author = {};               ///< Owner; empty for all.
  std::vector<std::string> search = {};  ///< Each must be in the id, case aside.
};

/// Names, owners and visibility of repositories, and which LFS objects each may give out. Safe from
/// several threads.
class RepoStore {
 public:
  RepoStore(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  std::optional<RepoRow> find(RepoType type, const RepoId& id) const;
  /// Nothing if it is not ready.
  std::optional<RepoRow> by_id(std::string_view id) const;
  /// Of repositories that are ready, newest change first.
  std::vector<RepoRow> list(const RepoFilter& filter) const;

  bool is_ready(const std::string& id) const;

  /// Takes the name; the repository is invisible until mark_ready(). Nothing if the name is taken.
  std::optional<RepoRow> reserve(const RepoRow& row);
  void mark_ready(const std::string& id);
  /// Nobody makes the repository any more; what is left of it may be cleared away.
  void abandon(const std::string& id);
  /// The id of an abandoned repository that still holds the name of `row`.
  std::optional<std::string> abandoned(const RepoRow& row) const;
  /// Frees the name; the repository is gone for everybody but not yet for the disk.
  void mark_deleting(const std::string& id);
  void forget(const std::string& id);
  /// Ids that a server left half-way.
  std::vector<std::string> in_state(std::string_view state) const;

  void set_private(const std::string& id, bool private_);
  /// Notes the time of a change. The change is made already, so a failure is only logged: an error
  /// would tell the client that nothing happened.
  void touch(const std::string& id);

  void link(const std::string& repo_id, const std::vector<LfsPointer>& objects);
  bool is_linked(const std::string& repo_id, std::string_view oid) const;
  /// Every object of the repository: oid and size.
  std::vector<LfsPointer> objects(const std::string& repo_id) const;
  /// Repositories that have the object.
  std::vector<RepoRow> holders(std::string_view oid) const;

 private:
  Database& database_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::set<std::string> in_making_ = {};  ///< Ids; guarded by mutex_.
};

}  // namespace torchhub::server
