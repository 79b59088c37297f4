#include "server/lfs/offers.h"

#include "server/accounts/account_store.h"
#include "server/http/api_error.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

std::uint64_t bytes_of(Connection& connection, const std::string& user) {
  Statement row = connection.prepare(
      "SELECT (SELECT COALESCE(SUM(size), 0) FROM lfs_offer WHERE user = ?1) + "
      "(SELECT COALESCE(SUM(size), 0) FROM repo_lfs WHERE offered_by = ?1)");
  row.bind(user).step();
  return static_cast<std::uint64_t>(row.number(0));
}

bool is_offered(Connection& connection, const std::string& repo_id, const std::string& oid) {
  Statement row = connection.prepare(
      "SELECT 1 FROM repo_lfs WHERE repo = ? AND oid = ? AND offered_by IS NOT NULL");
  return row.bind(repo_id).bind(oid).step();
}

/// Is one older than `oldest` or, by a clock that was ahead, newer than `newest`?
bool has_outside(Connection& connection, std::int64_t oldest, std::int64_t newest) {
  Statement row =
      connection.prepare("SELECT 1 FROM lfs_offer WHERE created < ? OR created > ? LIMIT 1");
  return row.bind(oldest).bind(newest).step();
}

void need_offer_room(std::uint64_t held, std::uint64_t more) {
  if (held <= LfsOffers::kMaxBytes && more <= LfsOffers::kMaxBytes - held) return;
  throw ApiError(413, fmt::format("What you have sent for pull requests that are not merged has {} "
                                  "bytes, and {} more would be over the limit of {}. Have one "
                                  "merged first.",
                                  held, more, LfsOffers::kMaxBytes));
}

}  // namespace

void LfsOffers::add(const std::string& repo_id, const std::string& user, const LfsPointer& object) {
  drop_old();
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  connection->run("DELETE FROM lfs_offer WHERE repo = ? AND user = ? AND oid = ?", repo_id, user,
                  object.oid);
  need_offer_room(server::bytes_of(*connection, user), object.size);
  connection->run("INSERT INTO lfs_offer(repo, user, oid, size, created) VALUES(?,?,?,?,?)",
                  repo_id, user, object.oid, static_cast<std::int64_t>(object.size),
                  to_milliseconds(clock_.now()));
  transaction.commit();
}

bool LfsOffers::has(const std::string& repo_id, const std::string& user,
                    std::string_view oid) const {
  auto connection = database_.lease();
  Statement row =
      connection->prepare("SELECT 1 FROM lfs_offer WHERE repo = ? AND user = ? AND oid = ?");
  return row.bind(repo_id).bind(user).bind(oid).step();
}

bool LfsOffers::has_any(std::string_view oid) const {
  auto connection = database_.lease();
  Statement row = connection->prepare("SELECT 1 FROM lfs_offer WHERE oid = ? AND created >= ?");
  return row.bind(oid).bind(to_milliseconds(clock_.now() - kLifetime)).step();
}

std::uint64_t LfsOffers::bytes_of(const std::string& user) const {
  auto connection = database_.lease();
  return server::bytes_of(*connection, user);
}

void LfsOffers::need_room(const std::string& user, std::uint64_t more) {
  drop_old();
  need_offer_room(bytes_of(user), more);
}

void LfsOffers::accept(const std::string& repo_id, const std::string& user,
                       const std::vector<LfsPointer>& objects) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  for (const LfsPointer& object : objects) {
    connection->run(
        "INSERT OR IGNORE INTO repo_lfs(repo, oid, size, created, offered_by) VALUES(?,?,?,?,?)",
        repo_id, object.oid, static_cast<std::int64_t>(object.size), to_milliseconds(clock_.now()),
        user);
    connection->run("DELETE FROM lfs_offer WHERE repo = ? AND user = ? AND oid = ?", repo_id, user,
                    object.oid);
  }
  transaction.commit();
}

void LfsOffers::settle(const std::string& repo_id, const std::vector<LfsPointer>& objects) {
  if (objects.empty()) return;
  auto connection = database_.lease();
  std::vector<LfsPointer> offered;
  for (const LfsPointer& object : objects) {
    if (is_offered(*connection, repo_id, object.oid)) offered.push_back(object);
  }
  if (offered.empty()) return;
  WriteTransaction transaction(*connection);
  server::need_room(*connection, repo_id, quotas_, offered);
  for (const LfsPointer& object : offered) {
    connection->run("UPDATE repo_lfs SET offered_by = NULL WHERE repo = ? AND oid = ?", repo_id,
                    object.oid);
  }
  transaction.commit();
}

void LfsOffers::drop_old() {
  const auto time = clock_.now();
  const std::int64_t now = to_milliseconds(time);
  const std::int64_t oldest = to_milliseconds(time - kLifetime);
  auto connection = database_.lease();
  // Asked first: every object of a batch comes here, and whoever writes waits for all other
  // writers.
  if (!has_outside(*connection, oldest, now)) return;
  WriteTransaction transaction(*connection);
  // A clock that was ahead must not keep them for longer.
  connection->run("UPDATE lfs_offer SET created = ?1 WHERE created > ?1", now);
  connection->run("DELETE FROM lfs_offer WHERE created < ?", oldest);
  transaction.commit();
}

}  // namespace torchhub::server
