#include "server/repos/repo_store.h"

#include "torchhub/base/log.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub::server {
namespace {

constexpr std::string_view kSelect =
    "SELECT repo.id, repo.type, repo.owner, account.name, repo.name, repo.creator, repo.private, "
    "repo.created, repo.modified FROM repo JOIN account ON account.id = repo.owner ";

RepoRow read_repo(const Statement& row) {
  return {row.text(0),
          parse_repo_type(row.text(1)),
          row.text(2),
          row.text(3),
          row.text(4),
          row.text(5),
          row.number(6) != 0,
          from_milliseconds(row.number(7)),
          from_milliseconds(row.number(8))};
}

std::vector<RepoRow> read_all(Statement& rows) {
  std::vector<RepoRow> out;
  while (rows.step()) out.push_back(read_repo(rows));
  return out;
}

bool contains_all(const std::string& name, const std::vector<std::string>& words) {
  return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
    return folded(name).find(folded(word)) != std::string::npos;
  });
}

}  // namespace

std::optional<RepoRow> RepoStore::find(RepoType type, const RepoId& id) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(
      fmt::format("{} WHERE repo.type = ? AND account.name_fold = ? AND repo.name_fold = ? AND "
                  "repo.state = 'ready'",
                  kSelect));
  row.bind(to_string(type)).bind(folded(id.owner)).bind(folded(id.name));
  if (!row.step()) return std::nullopt;
  return read_repo(row);
}

std::optional<RepoRow> RepoStore::by_id(std::string_view id) const {
  auto connection = database_.lease();
  Statement row =
      connection->prepare(fmt::format("{} WHERE repo.id = ? AND repo.state = 'ready'", kSelect));
  row.bind(id);
  if (!row.step()) return std::nullopt;
  return read_repo(row);
}

std::vector<RepoRow> RepoStore::list(const RepoFilter& filter) const {
  auto connection = database_.lease();
  Statement rows = connection->prepare(
      fmt::format("{} WHERE repo.type = ? AND repo.state = 'ready' AND (? = '' OR "
                  "account.name_fold = ?) ORDER BY repo.modified DESC, repo.id",
                  kSelect));
  const std::string author = folded(filter.author);
  rows.bind(to_string(filter.type)).bind(author).bind(author);
  std::vector<RepoRow> out = read_all(rows);
  std::erase_if(out,
                [&](const RepoRow& row) { return !contains_all(row.full_name(), filter.search); });
  return out;
}

std::optional<RepoRow> RepoStore::reserve(const RepoRow& wanted) {
  RepoRow row = wanted;
  row.id = random_hex(12);
  row.created = row.modified = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    in_making_.insert(row.id);  // before the row: abandoned() must not see it without
  }
  try {
    database_.run(
        "INSERT INTO repo(id, type, owner, name, name_fold, creator, state, private, created, "
        "modified) VALUES(?,?,?,?,?,?,'creating',?,?,?)",
        row.id, to_string(row.type), row.owner_id, row.name, folded(row.name), row.creator_id,
        std::int64_t{row.private_}, to_milliseconds(row.created), to_milliseconds(row.modified));
  } catch (const DatabaseError& error) {
    abandon(row.id);
    if (!error.is_duplicate()) throw;
    return std::nullopt;
  }
  return row;
}

bool RepoStore::is_ready(const std::string& id) const {
  auto connection = database_.lease();
  Statement row = connection->prepare("SELECT 1 FROM repo WHERE id = ? AND state = 'ready'");
  return row.bind(id).step();
}

void RepoStore::mark_ready(const std::string& id) {
  database_.run("UPDATE repo SET state = 'ready' WHERE id = ?", id);
  abandon(id);
}

void RepoStore::abandon(const std::string& id) {
  const std::lock_guard lock(mutex_);
  in_making_.erase(id);
}

std::optional<std::string> RepoStore::abandoned(const RepoRow& wanted) const {
  // From before the look at the row: its maker may just be marking it ready.
  const std::lock_guard lock(mutex_);
  auto connection = database_.lease();
  Statement row = connection->prepare(
      "SELECT id FROM repo WHERE type = ? AND owner = ? AND name_fold = ? AND state = 'creating'");
  row.bind(to_string(wanted.type)).bind(wanted.owner_id).bind(folded(wanted.name));
  if (!row.step()) return std::nullopt;
  const std::string id = row.text(0);
  return in_making_.contains(id) ? std::nullopt : std::optional(id);
}

void RepoStore::mark_deleting(const std::string& id) {
  database_.run("UPDATE repo SET state = 'deleting', name_fold = ' ' || id WHERE id = ?", id);
}

void RepoStore::forget(const std::string& id) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  connection->run("DELETE FROM repo_lfs WHERE repo = ?", id);
  connection->run("DELETE FROM repo WHERE id = ?", id);
  transaction.commit();
}

std::vector<std::string> RepoStore::in_state(std::string_view state) const {
  auto connection = database_.lease();
  Statement rows = connection->prepare("SELECT id FROM repo WHERE state = ?");
  rows.bind(state);
  std::vector<std::string> out;
  while (rows.step()) out.push_back(rows.text(0));
  return out;
}

void RepoStore::set_private(const std::string& id, bool private_) {
  database_.run("UPDATE repo SET private = ? WHERE id = ?", std::int64_t{private_}, id);
}

void RepoStore::touch(const std::string& id) {
  try {
    database_.run("UPDATE repo SET modified = ? WHERE id = ?", to_milliseconds(clock_.now()), id);
  } catch (const DatabaseError& error) {
    log::warning("change_time_not_noted", {{"repository", id}, {"error", error.what()}});
  }
}

void RepoStore::link(const std::string& repo_id, const std::vector<LfsPointer>& objects) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  for (const LfsPointer& object : objects) {
    connection->run("INSERT OR IGNORE INTO repo_lfs(repo, oid, size, created) VALUES(?,?,?,?)",
                    repo_id, object.oid, static_cast<std::int64_t>(object.size),
                    to_milliseconds(clock_.now()));
  }
  transaction.commit();
}

bool RepoStore::is_linked(const std::string& repo_id, std::string_view oid) const {
  auto connection = database_.lease();
  Statement row = connection->prepare("SELECT 1 FROM repo_lfs WHERE repo = ? AND oid = ?");
  return row.bind(repo_id).bind(oid).step();
}

std::vector<LfsPointer> RepoStore::objects(const std::string& repo_id) const {
  auto connection = database_.lease();
  Statement rows =
      connection->prepare("SELECT oid, size FROM repo_lfs WHERE repo = ? ORDER BY oid");
  rows.bind(repo_id);
  std::vector<LfsPointer> out;
  while (rows.step()) out.push_back({rows.text(0), static_cast<std::uint64_t>(rows.number(1))});
  return out;
}

std::vector<RepoRow> RepoStore::holders(std::string_view oid) const {
  auto connection = database_.lease();
  Statement rows = connection->prepare(fmt::format(
      "{} JOIN repo_lfs ON repo_lfs.repo = repo.id WHERE repo_lfs.oid = ? AND repo.state = 'ready'",
      kSelect));
  rows.bind(oid);
  return read_all(rows);
}

}  // namespace torchhub::server
