#pragma once

#include "server/accounts/account_store.h"
#include "server/repos/quota.h"
#include "server/store/event_log.h"
#include "torchhub/wire/repo.h"

#include <cstdint>
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
  std::string gated = {};  ///< "auto", "manual" or, open to all readers, empty.
  bool disabled = false;
  std::int64_t downloads = 0;
  std::int64_t likes = 0;
  std::string head = {};      ///< The commit that the cached columns of its card are of.
  bool forced_pushes = true;  ///< A push may take commits away from a branch.
  /// Of the tensors in its safetensors files at `head`, or one of the two below.
  std::int64_t parameters = kNotCounted;

  static constexpr std::int64_t kNoParameters = -1;  ///< There are no such files, or no good ones.
  static constexpr std::int64_t kNotCounted = -2;    ///< Nobody has looked.

  std::string full_name() const { return owner + "/" + name; }
  Repo repo() const { return {{owner, name}, type}; }
};

/// What is to change; the rest stays.
struct RepoSettings {
  std::optional<bool> private_ = std::nullopt;
  std::optional<std::string> gated = std::nullopt;  ///< As RepoRow::gated.
  std::optional<std::string> description = std::nullopt;
  std::optional<bool> disabled = std::nullopt;
  std::optional<bool> forced_pushes = std::nullopt;
};

/// Names, owners and visibility of repositories. An event that a change is given is written with
/// it, in one transaction. Safe from several threads.
class RepoStore {
 public:
  /// @param quotas what move() to another owner must keep to
  RepoStore(Database& database, const Clock& clock, const Quotas& quotas = {})
      : database_(database), clock_(clock), quotas_(quotas) {}

  /// By its name or, if no repository has that, by a name that one had before it moved.
  std::optional<RepoRow> find(RepoType type, const RepoId& id) const;
  /// Nothing if it is not ready.
  std::optional<RepoRow> by_id(std::string_view id) const;
  /// Those that are ready, hidden ones included.
  std::vector<RepoRow> of_owner(RepoType type, const std::string& owner_id) const;
  /// The same of everybody and every type, by type and name.
  std::vector<RepoRow> all() const;
  bool is_ready(const std::string& id) const;

  /// Takes the name; the repository is invisible until mark_ready(). Nothing if the name is taken.
  std::optional<RepoRow> reserve(const RepoRow& row);
  /// From now on the name means this repository, and no longer one that moved away from it.
  void mark_ready(const RepoRow& row, const std::optional<NewEvent>& event = std::nullopt);
  /// Nobody makes the repository any more; what is left of it may be cleared away.
  void abandon(const std::string& id);
  /// The id of an abandoned repository that still holds the name of `row`.
  std::optional<std::string> abandoned(const RepoRow& row) const;
  /// Frees the name; the repository is gone for everybody but not yet for the disk.
  void mark_deleting(const std::string& id, const std::optional<NewEvent>& event = std::nullopt);
  void forget(const std::string& id);
  /// Ids that a server left half-way.
  std::vector<std::string> in_state(std::string_view state) const;

  /// Renames. Its old name leads to it from then on; what `row`'s new name led to before, does not.
  /// @return false if a repository of that name is there @throws ApiError 413 past a quota
  bool move(const RepoRow& from, const RepoRow& to,
            const std::optional<NewEvent>& event = std::nullopt);
  /// All of them or none.
  void change_settings(const std::string& id, const RepoSettings& settings,
                       const std::optional<NewEvent>& event = std::nullopt);
  /// Notes the time of a change. The change is made already, so a failure is only logged: an error
  /// would tell the client that nothing happened.
  void touch(const std::string& id);

  std::string description(const std::string& id) const;

 private:
  void keep(Connection& connection, const std::optional<NewEvent>& event) const;

  Database& database_;
  const Clock& clock_;
  Quotas quotas_;
  mutable std::mutex mutex_;
  std::set<std::string> in_making_ = {};  ///< Ids; guarded by mutex_.
};

}  // namespace torchhub::server
