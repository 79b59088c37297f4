#include "server/store/event_log.h"

#include "torchhub/base/log.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub::server {
namespace {

using std::chrono::milliseconds;
using TimePoint = std::chrono::system_clock::time_point;

std::int64_t milliseconds_of(TimePoint time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

void drop_before(Connection& connection, TimePoint time) {
  connection.run("DELETE FROM event WHERE at < ?", milliseconds_of(time));
}

std::vector<Event> read_events(Statement& row) {
  std::vector<Event> out;
  while (row.step()) {
    out.push_back({row.number(0), TimePoint(milliseconds(row.number(1))), row.text(2), row.text(3),
                   row.text(4), row.text(5)});
  }
  return out;
}

}  // namespace

NewEvent::NewEvent(std::string_view what, std::string_view who, std::string_view where,
                   const nlohmann::json& more)
    : kind(what),
      actor(who),
      repo(where),
      details(more.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) {}

void write_event(Connection& connection, TimePoint now, const NewEvent& event) {
  connection.run("INSERT INTO event(at, actor, repo, kind, json) VALUES(?,?,?,?,?)",
                 milliseconds_of(now), event.actor, event.repo, event.kind, event.details);
  drop_before(connection, now - EventLog::kKept);
}

void EventLog::note(std::string_view kind, std::string_view actor, std::string_view repo,
                    const nlohmann::json& details) const {
  note(NewEvent(kind, actor, repo, details));
}

void EventLog::note(const NewEvent& event) const {
  try {
    auto connection = database_.lease();
    WriteTransaction transaction(*connection);
    write_event(*connection, clock_.now(), event);
    transaction.commit();
  } catch (const DatabaseError& error) {
    if (!error.is_full()) throw;
    log::error("event_not_kept", {{"kind", std::string(event.kind)},
                                  {"actor", event.actor},
                                  {"repository", event.repo},
                                  {"details", event.details}});
  }
}

std::vector<Event> EventLog::newest(std::size_t limit, std::int64_t before) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(
      "SELECT id, at, actor, repo, kind, json FROM event WHERE ? = 0 OR id < ? "
      "ORDER BY id DESC LIMIT ?");
  row.bind(before).bind(before).bind(static_cast<std::int64_t>(limit));
  return read_events(row);
}

std::vector<Event> EventLog::find(const EventFilter& filter, std::size_t limit) const {
  auto connection = database_.lease();
  // Names go on to others; an id stays. What is gone has only the name that it had.
  Statement row = connection->prepare(
      "SELECT id, at, actor, repo, kind, json FROM event WHERE at >= ?1 "
      "AND ((?2 = '' AND ?3 = '') OR (?2 <> '' AND repo = ?2) "
      "  OR (?3 <> '' AND lower(json_extract(json, '$.repo')) = lower(?3))) "
      "AND ((?4 = '' AND ?5 = '') OR (?4 <> '' AND actor = ?4) "
      "  OR (?5 <> '' AND lower(json_extract(json, '$.actor')) = lower(?5))) "
      "ORDER BY id DESC LIMIT ?6");
  row.bind(milliseconds_of(std::max(filter.since, clock_.now() - kKept)))
      .bind(filter.repo_id)
      .bind(filter.repo_name)
      .bind(filter.user_id)
      .bind(filter.user_name)
      .bind(static_cast<std::int64_t>(limit));
  return read_events(row);
}

void EventLog::drop_old() const {
  auto connection = database_.lease();
  drop_before(*connection, clock_.now() - kKept);
}

}  // namespace torchhub::server
