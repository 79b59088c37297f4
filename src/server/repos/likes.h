#pragma once

#include "server/accounts/account_store.h"
#include "server/repos/repo_store.h"
#include "server/store/database.h"

#include <cstddef>
#include <string>
#include <vector>

namespace torchhub::server {

/// Who likes what. Safe from several threads.
class Likes {
 public:
  Likes(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  /// Both may be said again.
  void add(const std::string& repo_id, const std::string& user_id);
  void remove(const std::string& repo_id, const std::string& user_id);

  struct Liker {
    std::string user;
    std::string fullname;
    TimePoint at = {};
  };
  /// Newest first.
  std::vector<Liker> of_repo(const std::string& repo_id, std::size_t skip, std::size_t limit) const;

  struct Liked {
    RepoRow repo;
    TimePoint at = {};
  };
  /// Newest first, hidden ones included: who asks must be allowed to see each.
  std::vector<Liked> of_user(const std::string& user_id, std::size_t skip, std::size_t limit) const;

 private:
  Database& database_;
  const Clock& clock_;
};

}  // namespace torchhub::server
