// What people do to a discussion that is there. Each change is an event in its history.
#include "server/discussions/discussion_store.h"
#include "server/discussions/event_rows.h"
#include "server/http/api_error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub::server {
namespace {

using nlohmann::json;

DiscussionEvent need(Connection& connection, const Discussion& of, std::string_view id) {
  auto event = event_rows::find(connection, of.repo_id, of.num, id);
  if (event && event->type == "comment") return *std::move(event);
  throw ApiError(404, fmt::format("{} has no comment {}.", of.called(), id));
}

/// What a comment must be so that its text may change.
void need_editable(const DiscussionEvent& comment, const std::string& author) {
  if (comment.author.id != author) {
    throw ApiError(403, "Only its author may edit a comment.");
  }
  if (comment.hidden) throw ApiError(409, "The comment is hidden; its text is gone for good.");
  if (static_cast<std::int64_t>(comment.texts.size()) > kMaxCommentEdits) {
    throw ApiError(
        409, fmt::format("A comment may be edited {} times. Write another one.", kMaxCommentEdits));
  }
}

std::string text_of(Connection& connection, const char* column, const Discussion& of) {
  Statement row = connection.prepare(
      fmt::format("SELECT {} FROM discussion WHERE repo = ? AND num = ?", column));
  row.bind(of.repo_id).bind(of.num).step();
  return row.text(0);
}

void need_other_status(const Discussion& of, std::string_view now, std::string_view wanted) {
  if (now == "merged") {
    throw ApiError(409, fmt::format("{} is merged, and stays so.", of.called()));
  }
  if (now == wanted) throw ApiError(409, fmt::format("{} is {} already.", of.called(), now));
}

}  // namespace

std::vector<DiscussionEvent> DiscussionStore::events(const Discussion& of) const {
  auto connection = database_.lease();
  return event_rows::all(*connection, of.repo_id, of.num);
}

DiscussionEvent DiscussionStore::comment(const Discussion& of, std::string_view id) const {
  auto connection = database_.lease();
  return need(*connection, of, id);
}

DiscussionEvent DiscussionStore::add_comment(const Discussion& to, const std::string& author,
                                             const std::string& text) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  event_rows::need_room(*connection, to.repo_id, to.num, text.size());
  const std::string id =
      event_rows::add_comment(*connection, {to.repo_id, to.num, author, clock_.now()}, text);
  DiscussionEvent added = need(*connection, to, id);
  transaction.commit();
  return added;
}

DiscussionEvent DiscussionStore::edit_comment(const Discussion& of, std::string_view id,
                                              const std::string& author, const std::string& text) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  need_editable(need(*connection, of, id), author);
  event_rows::need_room(*connection, of.repo_id, of.num, text.size());
  connection->run(
      "INSERT INTO discussion_text(event, version, raw, created) "
      "SELECT seq, (SELECT MAX(version) + 1 FROM discussion_text WHERE event = seq), ?, ? "
      "FROM discussion_event WHERE id = ?",
      text, to_milliseconds(clock_.now()), id);
  DiscussionEvent edited = need(*connection, of, id);
  transaction.commit();
  return edited;
}

DiscussionEvent DiscussionStore::hide_comment(const Discussion& of, std::string_view id) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  need(*connection, of, id);
  connection->run("UPDATE discussion_event SET hidden = 1 WHERE id = ?", id);
  connection->run(
      "DELETE FROM discussion_text WHERE event = (SELECT seq FROM discussion_event WHERE id = ?)",
      id);
  DiscussionEvent hidden = need(*connection, of, id);
  transaction.commit();
  return hidden;
}

DiscussionEvent DiscussionStore::change_title(const Discussion& of, const std::string& author,
                                              const std::string& title) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  event_rows::need_room(*connection, of.repo_id, of.num, 0);
  const std::string old = text_of(*connection, "title", of);
  const std::string id = event_rows::add(*connection, {of.repo_id, of.num, author, clock_.now()},
                                         "title-change", {{"from", old}, {"to", title}});
  connection->run("UPDATE discussion SET title = ? WHERE repo = ? AND num = ?", title, of.repo_id,
                  of.num);
  auto event = event_rows::find(*connection, of.repo_id, of.num, id);
  transaction.commit();
  return event.value();
}

DiscussionEvent DiscussionStore::change_status(const Discussion& of, DiscussionStatus to,
                                               const std::string& author, const std::string& reason,
                                               const std::string& comment,
                                               const std::optional<NewEvent>& log) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  need_other_status(of, text_of(*connection, "status", of), to_string(to));
  event_rows::need_room(*connection, of.repo_id, of.num, comment.size());
  const event_rows::NewEvent row{of.repo_id, of.num, author, clock_.now()};
  if (!comment.empty()) event_rows::add_comment(*connection, row, comment);
  json data{{"status", to_string(to)}};
  if (!reason.empty()) data["reason"] = reason;
  const std::string id = event_rows::add(*connection, row, "status-change", data);
  connection->run("UPDATE discussion SET status = ? WHERE repo = ? AND num = ?", to_string(to),
                  of.repo_id, of.num);
  auto event = event_rows::find(*connection, of.repo_id, of.num, id);
  if (log) write_event(*connection, clock_.now(), *log);
  transaction.commit();
  return event.value();
}

void DiscussionStore::add_commits(const Discussion& of, const std::vector<PushedCommit>& commits,
                                  const std::string& head, const std::string& author) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  connection->run("UPDATE discussion SET head = ? WHERE repo = ? AND num = ? AND head = ?", head,
                  of.repo_id, of.num, of.head);
  if (connection->changes() == 0) return;
  const event_rows::NewEvent event{of.repo_id, of.num, author, clock_.now()};
  // The commits are there whether the history has room for them or not.
  std::int64_t room = kMaxDiscussionEvents - event_rows::count(*connection, of.repo_id, of.num);
  for (const PushedCommit& commit : commits) {
    if (room-- <= 0) break;
    event_rows::add(*connection, event, "commit",
                    {{"subject", commit.subject}, {"oid", commit.oid}});
  }
  transaction.commit();
}

}  // namespace torchhub::server
