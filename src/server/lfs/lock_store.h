#pragma once

#include "server/accounts/account_store.h"
#include "server/store/database.h"
#include "torchhub/base/clock.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

/// A file that only one user may change, on every branch.
struct PathLock {
  std::string id;    ///< 24 hex digits.
  std::string path;  ///< In the repository.
  std::string owner_id;
  std::string owner;  ///< Name as created.
  TimePoint created = {};
};

/// Which locks a list shows.
struct LockFilter {
  std::string path = {};    ///< Empty: any.
  std::string id = {};      ///< Empty: any.
  std::string cursor = {};  ///< LockPage::next_cursor of the page before.
  std::size_t limit = 100;
};

struct LockPage {
  std::vector<PathLock> locks = {};
  std::string next_cursor = {};  ///< Empty: this was the last page.
};

/// Locks on files, as git-lfs has them. Safe from several threads.
class LockStore {
 public:
  LockStore(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  /// @return nothing if the file is locked already, be it by the same user
  std::optional<PathLock> create(const std::string& repo_id, const std::string& path,
                                 const Account& owner);
  std::optional<PathLock> find(const std::string& repo_id, std::string_view id) const;
  std::optional<PathLock> of_path(const std::string& repo_id, std::string_view path) const;
  /// Oldest first. @throws ApiError 400 for a cursor that is none of ours
  LockPage list(const std::string& repo_id, const LockFilter& filter) const;
  void remove(const PathLock& lock);

  /// What `user_id` must not change in a push.
  std::vector<PathLock> locks_of_others(const std::string& repo_id, std::string_view user_id) const;

 private:
  Database& database_;
  const Clock& clock_;
};

}  // namespace torchhub::server
