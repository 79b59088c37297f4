#pragma once

#include "server/accounts/account_store.h"
#include "server/store/database.h"

#include <string>
#include <string_view>
#include <vector>

/// Who asked for the files of a gated repository, and what became of it.
namespace torchhub::server {

struct AccessRequest {
  std::string user_id;
  std::string user = {};
  std::string fullname = {};
  std::string status = "pending";  ///< pending, accepted or rejected.
  std::string fields = "{}";       ///< A JSON object: what the user filled in.
  TimePoint at = {};
};

/// Safe from several threads.
class AccessRequests {
 public:
  AccessRequests(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  /// Empty if there is none.
  std::string status(const std::string& repo_id, const std::string& user_id) const;
  /// Of one status, oldest first.
  std::vector<AccessRequest> list(const std::string& repo_id, std::string_view status,
                                  std::size_t skip, std::size_t limit) const;
  /// A new request. One that is there already stays as it is.
  void add(const std::string& repo_id, const AccessRequest& request);
  /// Makes or changes the user's request.
  void set_status(const std::string& repo_id, const std::string& user_id, std::string_view status,
                  std::string_view reason = {});

 private:
  Database& database_;
  const Clock& clock_;
};

}  // namespace torchhub::server
