#include "server/lfs/lock_store.h"

#include "server/http/api_error.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>

#include <charconv>

namespace torchhub::server {
namespace {

constexpr std::string_view kSelectLock =
    "SELECT lfs_lock.id, lfs_lock.path, lfs_lock.owner, account.name, lfs_lock.created "
    "FROM lfs_lock JOIN account ON account.id = lfs_lock.owner WHERE lfs_lock.repo = ?";

PathLock read_lock(const Statement& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), from_milliseconds(row.number(4))};
}

/// A place in the order of lists, which holds though the lock there may be gone.
struct LockPlace {
  std::int64_t created = 0;
  std::string id = {};
};

std::string to_cursor(const PathLock& lock) {
  return fmt::format("{}-{}", to_milliseconds(lock.created), lock.id);
}

LockPlace parse_lock_cursor(const std::string& cursor) {
  LockPlace place;
  if (cursor.empty()) return place;
  const char* end = cursor.data() + cursor.size();
  const auto [dash, error] = std::from_chars(cursor.data(), end, place.created);
  if (error != std::errc() || dash == end || *dash != '-') {
    throw ApiError(400, "The cursor is not one that a list of locks ended with.");
  }
  place.id.assign(dash + 1, end);
  return place;
}

}  // namespace

std::optional<PathLock> LockStore::create(const std::string& repo_id, const std::string& path,
                                          const Account& owner) {
  const PathLock lock{random_hex(12), path, owner.id, owner.name, clock_.now()};
  try {
    database_.run("INSERT INTO lfs_lock(id, repo, path, owner, created) VALUES(?,?,?,?,?)", lock.id,
                  repo_id, lock.path, lock.owner_id, to_milliseconds(lock.created));
  } catch (const DatabaseError& error) {
    if (!error.is_duplicate()) throw;
    return std::nullopt;
  }
  return lock;
}

std::optional<PathLock> LockStore::find(const std::string& repo_id, std::string_view id) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(fmt::format("{} AND lfs_lock.id = ?", kSelectLock));
  row.bind(repo_id).bind(id);
  if (!row.step()) return std::nullopt;
  return read_lock(row);
}

std::optional<PathLock> LockStore::of_path(const std::string& repo_id,
                                           std::string_view path) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(fmt::format("{} AND lfs_lock.path = ?", kSelectLock));
  row.bind(repo_id).bind(path);
  if (!row.step()) return std::nullopt;
  return read_lock(row);
}

LockPage LockStore::list(const std::string& repo_id, const LockFilter& filter) const {
  const LockPlace from = parse_lock_cursor(filter.cursor);
  auto connection = database_.lease();
  Statement rows = connection->prepare(fmt::format(
      "{} AND (? = '' OR lfs_lock.path = ?) AND (? = '' OR lfs_lock.id = ?) "
      "AND (lfs_lock.created, lfs_lock.id) > (?, ?) ORDER BY lfs_lock.created, lfs_lock.id LIMIT ?",
      kSelectLock));
  rows.bind(repo_id).bind(filter.path).bind(filter.path).bind(filter.id).bind(filter.id);
  rows.bind(from.created).bind(from.id).bind(static_cast<std::int64_t>(filter.limit) + 1);
  LockPage page;
  while (rows.step()) page.locks.push_back(read_lock(rows));
  if (page.locks.size() > filter.limit) {
    page.locks.pop_back();
    page.next_cursor = to_cursor(page.locks.back());
  }
  return page;
}

void LockStore::remove(const PathLock& lock) {
  database_.run("DELETE FROM lfs_lock WHERE id = ?", lock.id);
}

std::vector<PathLock> LockStore::locks_of_others(const std::string& repo_id,
                                                 std::string_view user_id) const {
  auto connection = database_.lease();
  Statement rows = connection->prepare(
      fmt::format("{} AND lfs_lock.owner <> ? ORDER BY lfs_lock.path", kSelectLock));
  rows.bind(repo_id).bind(user_id);
  std::vector<PathLock> out;
  while (rows.step()) out.push_back(read_lock(rows));
  return out;
}

}  // namespace torchhub::server
