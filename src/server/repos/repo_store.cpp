#include "server/repos/repo_store.h"

#include "server/http/api_error.h"
#include "server/repos/repo_columns.h"
#include "torchhub/base/log.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

constexpr const char* kFrom = "FROM repo JOIN account ON account.id = repo.owner";

std::string select(std::string_view rest) {
  return fmt::format("SELECT {} {} {}", kRepoColumns, kFrom, rest);
}

std::optional<RepoRow> read_one(Statement& rows) {
  return rows.step() ? std::optional(read_repo(rows)) : std::nullopt;
}

void drop_alias(Connection& connection, const RepoRow& row) {
  connection.run("DELETE FROM alias WHERE type = ? AND name_fold = ?", to_string(row.type),
                 folded(row.full_name()));
}

/// @throws ApiError 413 if the account may not have as much as `repo_id` brings along
void need_room_at(Connection& connection, const Quotas& quotas, const RepoRow& to) {
  if (quotas.account == 0) return;
  const std::uint64_t used = used_by_account(connection, to.owner_id);
  const std::uint64_t more = used_by_repository(connection, to.id);
  if (used + more <= quotas.account) return;
  throw ApiError(413, fmt::format("The account '{}' uses {} of the {} bytes of large files that it "
                                  "may have; the {} of this repository do not fit.",
                                  to.owner, used, quotas.account, more));
}

std::vector<RepoRow> read_repos(Statement& rows) {
  std::vector<RepoRow> out;
  while (rows.step()) out.push_back(read_repo(rows));
  return out;
}

}  // namespace

RepoRow read_repo(const Statement& row) {
  return {row.text(0),
          parse_repo_type(row.text(1)),
          row.text(2),
          row.text(3),
          row.text(4),
          row.text(5),
          row.number(6) != 0,
          from_milliseconds(row.number(7)),
          from_milliseconds(row.number(8)),
          row.text(9),
          row.number(10) != 0,
          row.number(11),
          row.number(12),
          row.text(13),
          row.number(14) != 0,
          row.number(15)};
}

std::optional<RepoRow> RepoStore::find(RepoType type, const RepoId& id) const {
  auto connection = database_.lease();
  static const std::string by_name = select(
      "WHERE repo.type = ? AND account.name_fold = ? AND repo.name_fold = ? AND "
      "repo.state = 'ready'");
  Statement row = connection->prepare(by_name);
  row.bind(to_string(type)).bind(folded(id.owner)).bind(folded(id.name));
  auto found = read_one(row);
  if (found && !found->private_) return found;
  // Also looked for where a private one was found: else the time to the answer would tell those who
  // may not know of it from what is missing.
  Statement moved =
      connection->prepare(select("JOIN alias ON alias.repo = repo.id WHERE alias.type = ? AND "
                                 "alias.name_fold = ? AND repo.state = 'ready'"));
  moved.bind(to_string(type)).bind(folded(id.str()));
  auto by_old_name = read_one(moved);
  return found ? found : by_old_name;
}

std::optional<RepoRow> RepoStore::by_id(std::string_view id) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(select("WHERE repo.id = ? AND repo.state = 'ready'"));
  row.bind(id);
  return read_one(row);
}

std::vector<RepoRow> RepoStore::of_owner(RepoType type, const std::string& owner_id) const {
  auto connection = database_.lease();
  Statement rows = connection->prepare(
      select("WHERE repo.type = ? AND repo.owner = ? AND repo.state = 'ready'"));
  rows.bind(to_string(type)).bind(owner_id);
  return read_repos(rows);
}

std::vector<RepoRow> RepoStore::all() const {
  auto connection = database_.lease();
  Statement rows = connection->prepare(
      select("WHERE repo.state = 'ready' ORDER BY repo.type, account.name, repo.name"));
  return read_repos(rows);
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

void RepoStore::keep(Connection& connection, const std::optional<NewEvent>& event) const {
  if (event) write_event(connection, clock_.now(), *event);
}

void RepoStore::mark_ready(const RepoRow& row, const std::optional<NewEvent>& event) {
  {
    auto connection = database_.lease();
    WriteTransaction transaction(*connection);
    connection->run("UPDATE repo SET state = 'ready' WHERE id = ?", row.id);
    drop_alias(*connection, row);
    keep(*connection, event);
    transaction.commit();
  }
  abandon(row.id);
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

void RepoStore::mark_deleting(const std::string& id, const std::optional<NewEvent>& event) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  connection->run("UPDATE repo SET state = 'deleting', name_fold = ' ' || id WHERE id = ?", id);
  keep(*connection, event);
  transaction.commit();
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

bool RepoStore::move(const RepoRow& from, const RepoRow& to, const std::optional<NewEvent>& event) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  if (from.owner_id != to.owner_id) need_room_at(*connection, quotas_, to);
  try {
    connection->run(
        "UPDATE repo SET owner = ?, name = ?, name_fold = ? WHERE id = ? AND state = 'ready'",
        to.owner_id, to.name, folded(to.name), from.id);
  } catch (const DatabaseError& error) {
    if (!error.is_duplicate()) throw;
    return false;
  }
  if (connection->changes() == 0) return false;  // deleted meanwhile
  drop_alias(*connection, to);
  if (folded(from.full_name()) != folded(to.full_name())) {
    connection->run("INSERT OR REPLACE INTO alias(type, name_fold, repo) VALUES(?,?,?)",
                    to_string(from.type), folded(from.full_name()), from.id);
  }
  keep(*connection, event);
  transaction.commit();
  return true;
}

void RepoStore::change_settings(const std::string& id, const RepoSettings& settings,
                                const std::optional<NewEvent>& event) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  if (settings.private_) {
    connection->run("UPDATE repo SET private = ? WHERE id = ?", std::int64_t{*settings.private_},
                    id);
  }
  if (settings.gated)
    connection->run("UPDATE repo SET gated = ? WHERE id = ?", *settings.gated, id);
  if (settings.disabled) {
    connection->run("UPDATE repo SET disabled = ? WHERE id = ?", std::int64_t{*settings.disabled},
                    id);
  }
  if (settings.forced_pushes) {
    connection->run("UPDATE repo SET forced_pushes = ? WHERE id = ?",
                    std::int64_t{*settings.forced_pushes}, id);
  }
  if (settings.description) {
    connection->run("UPDATE repo SET description = ? WHERE id = ?", *settings.description, id);
  }
  keep(*connection, event);
  transaction.commit();
}

void RepoStore::touch(const std::string& id) {
  try {
    database_.run("UPDATE repo SET modified = ? WHERE id = ?", to_milliseconds(clock_.now()), id);
  } catch (const DatabaseError& error) {
    log::warning("change_time_not_noted", {{"repository", id}, {"error", error.what()}});
  }
}

std::string RepoStore::description(const std::string& id) const {
  auto connection = database_.lease();
  Statement row = connection->prepare("SELECT description FROM repo WHERE id = ?");
  return row.bind(id).step() ? row.text(0) : std::string();
}

}  // namespace torchhub::server
