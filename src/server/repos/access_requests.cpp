#include "server/repos/access_requests.h"

namespace torchhub::server {

std::string AccessRequests::status(const std::string& repo_id, const std::string& user_id) const {
  auto connection = database_.lease();
  Statement row =
      connection->prepare("SELECT status FROM access_request WHERE repo = ? AND user = ?");
  return row.bind(repo_id).bind(user_id).step() ? row.text(0) : std::string();
}

std::vector<AccessRequest> AccessRequests::list(const std::string& repo_id, std::string_view status,
                                                std::size_t skip, std::size_t limit) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(
      "SELECT account.id, account.name, account.fullname, access_request.status, "
      "access_request.fields, access_request.at FROM access_request "
      "JOIN account ON account.id = access_request.user "
      "WHERE access_request.repo = ? AND access_request.status = ? "
      "ORDER BY access_request.at, account.id LIMIT ? OFFSET ?");
  row.bind(repo_id).bind(status);
  row.bind(static_cast<std::int64_t>(limit)).bind(static_cast<std::int64_t>(skip));
  std::vector<AccessRequest> out;
  while (row.step()) {
    out.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.text(4),
                   from_milliseconds(row.number(5))});
  }
  return out;
}

void AccessRequests::add(const std::string& repo_id, const AccessRequest& request) {
  database_.run(
      "INSERT OR IGNORE INTO access_request(repo, user, status, fields, reason, at) "
      "VALUES(?,?,?,?,'',?)",
      repo_id, request.user_id, request.status, request.fields, to_milliseconds(clock_.now()));
}

void AccessRequests::set_status(const std::string& repo_id, const std::string& user_id,
                                std::string_view status, std::string_view reason) {
  database_.run(
      "INSERT INTO access_request(repo, user, status, fields, reason, at) VALUES(?,?,?,'{}',?,?) "
      "ON CONFLICT(repo, user) DO UPDATE SET status = excluded.status, reason = excluded.reason",
      repo_id, user_id, status, reason, to_milliseconds(clock_.now()));
}

}  // namespace torchhub::server
