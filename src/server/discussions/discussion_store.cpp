#include "server/discussions/discussion_store.h"

#include "server/discussions/event_rows.h"
#include "server/http/api_error.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub::server {
namespace {

constexpr std::string_view kSelect =
    "SELECT d.repo, d.num, d.is_pull_request, d.title, d.status, d.author, account.name, "
    "d.created, d.base, d.start, d.head, d.merge_commit, d.merging, d.merger, "
    "(SELECT COUNT(*) FROM discussion_event e "
    "WHERE e.repo = d.repo AND e.num = d.num AND e.type = 'comment') "
    "FROM discussion d LEFT JOIN account ON account.id = d.author ";

DiscussionStatus status_of(std::string_view word) {
  if (word == "draft") return DiscussionStatus::draft;
  if (word == "closed") return DiscussionStatus::closed;
  if (word == "merged") return DiscussionStatus::merged;
  return DiscussionStatus::open;
}

Discussion read(const Statement& row) {
  return {row.text(0),
          row.number(1),
          row.number(2) != 0,
          row.text(3),
          status_of(row.text(4)),
          {row.text(5), row.text(6)},
          from_milliseconds(row.number(7)),
          row.number(14),
          row.text(8),
          row.text(9),
          row.text(10),
          row.text(11),
          row.text(12),
          row.text(13)};
}

std::vector<Discussion> read_discussions(Statement& rows) {
  std::vector<Discussion> out;
  while (rows.step()) out.push_back(read(rows));
  return out;
}

/// The WHERE of a filter, whose one text is the author's name.
std::string condition(const DiscussionFilter& filter) {
  std::string out = "WHERE d.repo = ? AND d.status <> 'creating' AND (? = '' OR name_fold = ?)";
  if (filter.pull_requests) {
    out += fmt::format(" AND d.is_pull_request = {}", *filter.pull_requests ? 1 : 0);
  }
  if (filter.open) {
    out += fmt::format(" AND d.status IN ({})",
                       *filter.open ? "'draft', 'open'" : "'closed', 'merged'");
  }
  return out;
}

struct NewRow {
  std::string repo_id;
  std::string title;
  std::string author;
  std::string_view status;
  std::int64_t created = 0;
  std::int64_t least = 1;
};

/// @return the number. @throws ApiError 404 if the repository is gone
std::int64_t insert(Connection& connection, const NewRow& row, const NewPullRequest* request) {
  Statement next = connection.prepare(
      "SELECT MAX(COALESCE((SELECT MAX(num) FROM discussion WHERE repo = ?), 0) + 1, ?)");
  next.bind(row.repo_id).bind(row.least).step();
  const std::int64_t num = next.number(0);
  connection.run(
      "INSERT INTO discussion(repo, num, is_pull_request, title, status, author, created, base, "
      "start, head) SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM repo WHERE id = ? AND state = "
      "'ready'",
      num, std::int64_t{request != nullptr}, row.title, row.status, row.author, row.created,
      request != nullptr ? request->base : "", request != nullptr ? request->start : "",
      request != nullptr ? request->head : "", row.repo_id);
  if (connection.changes() == 0) {
    throw ApiError(404, std::string(error_codes::kRepositoryNotFound), error_codes::kRepoNotFound);
  }
  return num;
}

}  // namespace

std::optional<Discussion> DiscussionStore::find(const std::string& repo_id,
                                                std::int64_t num) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(
      fmt::format("{} WHERE d.repo = ? AND d.num = ? AND d.status <> 'creating'", kSelect));
  row.bind(repo_id).bind(num);
  if (!row.step()) return std::nullopt;
  return read(row);
}

DiscussionPage DiscussionStore::list(const std::string& repo_id, const DiscussionFilter& filter,
                                     std::size_t start, std::size_t limit) const {
  auto connection = database_.lease();
  const std::string author = folded(filter.author);
  Statement total = connection->prepare(
      "SELECT COUNT(*) FROM discussion d LEFT JOIN account ON account.id = d.author " +
      condition(filter));
  total.bind(repo_id).bind(author).bind(author).step();
  Statement rows = connection->prepare(
      fmt::format("{}{} ORDER BY d.num DESC LIMIT ? OFFSET ?", kSelect, condition(filter)));
  rows.bind(repo_id).bind(author).bind(author);
  rows.bind(static_cast<std::int64_t>(limit)).bind(static_cast<std::int64_t>(start));
  return {read_discussions(rows), total.number(0)};
}

std::int64_t DiscussionStore::open_discussion(const std::string& repo_id,
                                              const NewDiscussion& wanted,
                                              const std::string& author) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  const TimePoint now = clock_.now();
  const std::int64_t num =
      insert(*connection, {repo_id, wanted.title, author, "open", to_milliseconds(now)}, nullptr);
  if (!wanted.description.empty()) {
    event_rows::add_comment(*connection, {repo_id, num, author, now}, wanted.description);
  }
  transaction.commit();
  return num;
}

std::int64_t DiscussionStore::reserve(const std::string& repo_id, const NewPullRequest& wanted,
                                      const std::string& author, std::int64_t least) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  const NewRow row{repo_id, wanted.title, author, "creating", to_milliseconds(clock_.now()), least};
  const std::int64_t num = insert(*connection, row, &wanted);
  transaction.commit();
  return num;
}

void DiscussionStore::publish(const std::string& repo_id, std::int64_t num,
                              const NewPullRequest& wanted, const std::string& author,
                              const std::vector<PushedCommit>& commits) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  const event_rows::NewEvent event{repo_id, num, author, clock_.now()};
  if (!wanted.description.empty()) {
    event_rows::add_comment(*connection, event, wanted.description);
  }
  for (const PushedCommit& commit : commits) {
    event_rows::add(*connection, event, "commit",
                    {{"subject", commit.subject}, {"oid", commit.oid}});
  }
  connection->run("UPDATE discussion SET status = ? WHERE repo = ? AND num = ?",
                  std::string_view(wanted.draft ? "draft" : "open"), repo_id, num);
  transaction.commit();
}

void DiscussionStore::forget(const std::string& repo_id, std::int64_t num) {
  database_.run("DELETE FROM discussion WHERE repo = ? AND num = ? AND status = 'creating'",
                repo_id, num);
}

std::vector<Discussion> DiscussionStore::half_made() const {
  auto connection = database_.lease();
  Statement rows = connection->prepare(fmt::format("{} WHERE d.status = 'creating'", kSelect));
  return read_discussions(rows);
}

std::vector<Discussion> DiscussionStore::half_merged() const {
  auto connection = database_.lease();
  Statement rows = connection->prepare(fmt::format("{} WHERE d.merging IS NOT NULL", kSelect));
  return read_discussions(rows);
}

void DiscussionStore::start_merge(const Discussion& of, const std::string& commit,
                                  const std::string& merger) {
  database_.run("UPDATE discussion SET merging = ?, merger = ? WHERE repo = ? AND num = ?", commit,
                merger, of.repo_id, of.num);
}

void DiscussionStore::give_up_merge(const Discussion& of) {
  database_.run("UPDATE discussion SET merging = NULL, merger = NULL WHERE repo = ? AND num = ?",
                of.repo_id, of.num);
}

void DiscussionStore::finish_merge(const Discussion& of, const std::string& commit,
                                   const std::string& merger, const std::string& comment) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  const event_rows::NewEvent event{of.repo_id, of.num, merger, clock_.now()};
  // Also where the discussion is full: the merge is made.
  if (!comment.empty()) event_rows::add_comment(*connection, event, comment);
  event_rows::add(*connection, event, "status-change", {{"status", "merged"}});
  connection->run(
      "UPDATE discussion SET status = 'merged', merge_commit = ?, merging = NULL, merger = NULL "
      "WHERE repo = ? AND num = ?",
      commit, of.repo_id, of.num);
  transaction.commit();
}

}  // namespace torchhub::server
