#include "server/repos/repo_objects.h"

#include "server/http/api_error.h"
#include "server/repos/repo_columns.h"

#include <fmt/format.h>

#include <utility>

namespace torchhub::server {

void RepoObjects::link(const std::string& repo_id, const std::vector<LfsPointer>& objects) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  server::need_room(*connection, repo_id, quotas_, objects);
  for (const LfsPointer& object : objects) {
    // A link that is used again is as good as new to the collector. Once a day is enough: the batch
    // of a large repository would else rewrite thousands of rows.
    connection->run(
        "INSERT INTO repo_lfs(repo, oid, size, created) VALUES(?,?,?,?) ON CONFLICT(repo, oid) DO "
        "UPDATE SET created = excluded.created, offered_by = NULL "
        "WHERE excluded.created - created > 86400000 OR offered_by IS NOT NULL",
        repo_id, object.oid, static_cast<std::int64_t>(object.size), to_milliseconds(clock_.now()));
  }
  transaction.commit();
}

void RepoObjects::need_room(const std::string& repo_id,
                            const std::vector<LfsPointer>& objects) const {
  if (quotas_.none()) return;
  auto connection = database_.lease();
  server::need_room(*connection, repo_id, quotas_, objects);
}

QuotaRoom RepoObjects::room(const std::string& repo_id) const {
  auto connection = database_.lease();
  return {*connection, repo_id, quotas_};
}

void RepoObjects::link_all(const std::string& from, const std::string& to) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  if (has_quotas()) {
    Statement row =
        connection->prepare("SELECT COALESCE(SUM(size), 0) FROM repo_lfs WHERE repo = ?");
    row.bind(from).step();
    const auto bytes = static_cast<std::uint64_t>(row.number(0));
    if (const auto why = QuotaRoom(*connection, to, quotas_).take(bytes)) throw ApiError(413, *why);
  }
  connection->run(
      "INSERT OR IGNORE INTO repo_lfs(repo, oid, size, created) "
      "SELECT ?, oid, size, ? FROM repo_lfs WHERE repo = ?",
      to, to_milliseconds(clock_.now()), from);
  transaction.commit();
}

void RepoObjects::unlink(const std::string& repo_id, const std::vector<std::string>& oids,
                         const std::optional<NewEvent>& event) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  for (const std::string& oid : oids) {
    connection->run("DELETE FROM repo_lfs WHERE repo = ? AND oid = ?", repo_id, oid);
  }
  if (event) write_event(*connection, clock_.now(), *event);
  transaction.commit();
}

bool RepoObjects::is_linked(const std::string& repo_id, std::string_view oid) const {
  return linked_size(repo_id, oid).has_value();
}

bool RepoObjects::is_own(const std::string& repo_id, std::string_view oid) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(
      "SELECT 1 FROM repo_lfs WHERE repo = ? AND oid = ? AND offered_by IS NULL");
  return row.bind(repo_id).bind(oid).step();
}

std::optional<std::uint64_t> RepoObjects::linked_size(const std::string& repo_id,
                                                      std::string_view oid) const {
  auto connection = database_.lease();
  Statement row = connection->prepare("SELECT size FROM repo_lfs WHERE repo = ? AND oid = ?");
  if (!row.bind(repo_id).bind(oid).step()) return std::nullopt;
  return static_cast<std::uint64_t>(row.number(0));
}

std::vector<LfsPointer> RepoObjects::objects(const std::string& repo_id) const {
  std::vector<LfsPointer> out;
  for (LinkedObject& object : linked_objects(repo_id)) out.push_back(std::move(object.pointer));
  return out;
}

std::vector<LinkedObject> RepoObjects::linked_objects(const std::string& repo_id) const {
  auto connection = database_.lease();
  Statement rows =
      connection->prepare("SELECT oid, size, created FROM repo_lfs WHERE repo = ? ORDER BY oid");
  rows.bind(repo_id);
  std::vector<LinkedObject> out;
  while (rows.step()) {
    out.push_back({{rows.text(0), static_cast<std::uint64_t>(rows.number(1))},
                   from_milliseconds(rows.number(2))});
  }
  return out;
}

std::uint64_t RepoObjects::used_bytes(const std::string& repo_id) const {
  auto connection = database_.lease();
  return used_by_repository(*connection, repo_id);
}

std::vector<RepoRow> RepoObjects::holders(std::string_view oid) const {
  auto connection = database_.lease();
  Statement rows = connection->prepare(
      fmt::format("SELECT {} FROM repo JOIN account ON account.id = repo.owner JOIN repo_lfs ON "
                  "repo_lfs.repo = repo.id WHERE repo_lfs.oid = ? AND repo.state = 'ready'",
                  kRepoColumns));
  rows.bind(oid);
  std::vector<RepoRow> out;
  while (rows.step()) out.push_back(read_repo(rows));
  return out;
}

}  // namespace torchhub::server
