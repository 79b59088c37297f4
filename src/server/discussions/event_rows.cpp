#include "server/discussions/event_rows.h"

#include "server/http/api_error.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub::server::event_rows {
namespace {

constexpr std::string_view kSelectEvent =
    "SELECT e.seq, e.id, e.type, e.author, account.name, e.created, e.data, e.hidden "
    "FROM discussion_event e LEFT JOIN account ON account.id = e.author ";

std::int64_t number_of(Connection& connection, std::string_view sql, const std::string& repo_id,
                       std::int64_t num) {
  Statement row = connection.prepare(sql);
  row.bind(repo_id).bind(num);
  row.step();
  return row.number(0);
}

std::vector<CommentText> texts_of(Connection& connection, std::int64_t seq) {
  Statement rows = connection.prepare(
      "SELECT raw, created FROM discussion_text WHERE event = ? ORDER BY version");
  rows.bind(seq);
  std::vector<CommentText> out;
  while (rows.step()) out.push_back({rows.text(0), from_milliseconds(rows.number(1))});
  return out;
}

DiscussionEvent read(Connection& connection, const Statement& row) {
  DiscussionEvent event{
      row.text(1), row.text(2),       {row.text(3), row.text(4)}, from_milliseconds(row.number(5)),
      row.text(6), row.number(7) != 0};
  if (event.type == "comment") event.texts = texts_of(connection, row.number(0));
  return event;
}

}  // namespace

std::int64_t count(Connection& connection, const std::string& repo_id, std::int64_t num) {
  return number_of(connection, "SELECT COUNT(*) FROM discussion_event WHERE repo = ? AND num = ?",
                   repo_id, num);
}

void need_room(Connection& connection, const std::string& repo_id, std::int64_t num,
               std::size_t more_bytes) {
  if (count(connection, repo_id, num) >= kMaxDiscussionEvents) {
    throw ApiError(409, fmt::format("Discussion {} has {} events, which is all it may have. Open "
                                    "another one.",
                                    num, kMaxDiscussionEvents));
  }
  const std::int64_t bytes =
      number_of(connection,
                "SELECT COALESCE(SUM(LENGTH(CAST(t.raw AS BLOB))), 0) FROM discussion_text t "
                "JOIN discussion_event e ON e.seq = t.event WHERE e.repo = ? AND e.num = ?",
                repo_id, num);
  if (bytes + static_cast<std::int64_t>(more_bytes) <= kMaxDiscussionBytes) return;
  throw ApiError(409, fmt::format("The comments of discussion {} have {} bytes together, of {} "
                                  "that they may have. Open another one.",
                                  num, bytes, kMaxDiscussionBytes));
}

std::string add(Connection& connection, const NewEvent& event, std::string_view type,
                const nlohmann::json& data) {
  std::string id = random_hex(12);
  connection.run(
      "INSERT INTO discussion_event(id, repo, num, type, author, created, data) "
      "VALUES(?, ?, ?, ?, NULLIF(?, ''), ?, ?)",
      id, event.repo_id, event.num, type, event.author, to_milliseconds(event.time),
      data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return id;
}

std::string add_comment(Connection& connection, const NewEvent& event, const std::string& text) {
  std::string id = add(connection, event, "comment", nlohmann::json::object());
  connection.run(
      "INSERT INTO discussion_text(event, version, raw, created) "
      "SELECT seq, 1, ?, ? FROM discussion_event WHERE id = ?",
      text, to_milliseconds(event.time), id);
  return id;
}

std::vector<DiscussionEvent> all(Connection& connection, const std::string& repo_id,
                                 std::int64_t num) {
  Statement rows = connection.prepare(
      fmt::format("{} WHERE e.repo = ? AND e.num = ? ORDER BY e.seq", kSelectEvent));
  rows.bind(repo_id).bind(num);
  std::vector<DiscussionEvent> out;
  while (rows.step()) out.push_back(read(connection, rows));
  return out;
}

std::optional<DiscussionEvent> find(Connection& connection, const std::string& repo_id,
                                    std::int64_t num, std::string_view id) {
  Statement row = connection.prepare(
      fmt::format("{} WHERE e.repo = ? AND e.num = ? AND e.id = ?", kSelectEvent));
  row.bind(repo_id).bind(num).bind(id);
  if (!row.step()) return std::nullopt;
  return read(connection, row);
}

}  // namespace torchhub::server::event_rows
