#include "server/store/event_log.h"

#include "torchhub/base/log.h"

#include <nlohmann/json.hpp>

namespace torchhub::server {
namespace {

using std::chrono::milliseconds;

std::int64_t milliseconds_of(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

void EventLog::write(std::string_view kind, std::string_view actor, std::string_view repo,
                     const std::string& details) const {
  const auto now = clock_.now();
  auto connection = database_.lease();
  connection->run("INSERT INTO event(at, actor, repo, kind, json) VALUES(?,?,?,?,?)",
                  milliseconds_of(now), actor, repo, kind, details);
  const auto today = std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
  if (tidied_on_.exchange(today) == today) return;
  connection->run("DELETE FROM event WHERE at < ?", milliseconds_of(now - kKept));
}

void EventLog::note(std::string_view kind, std::string_view actor, std::string_view repo,
                    const nlohmann::json& details) const {
  const std::string text = details.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  try {
    write(kind, actor, repo, text);
  } catch (const DatabaseError& error) {
    if (!error.is_full()) throw;
    log::error("event_not_kept", {{"kind", std::string(kind)},
                                  {"actor", std::string(actor)},
                                  {"repository", std::string(repo)},
                                  {"details", text}});
  }
}

std::vector<Event> EventLog::newest(std::size_t limit, std::int64_t before) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(
      "SELECT id, at, actor, repo, kind, json FROM event WHERE ? = 0 OR id < ? "
      "ORDER BY id DESC LIMIT ?");
  row.bind(before).bind(before).bind(static_cast<std::int64_t>(limit));
  std::vector<Event> out;
  while (row.step()) {
    out.push_back({row.number(0),
                   std::chrono::system_clock::time_point(milliseconds(row.number(1))), row.text(2),
                   row.text(3), row.text(4), row.text(5)});
  }
  return out;
}

}  // namespace torchhub::server
