#include "server/accounts/gate.h"
#include "server/api/json_body.h"
#include "server/api/lfs_links.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/repos/commit_checks.h"
#include "server/repos/repo_event.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxLimit = 1000;

json describe(const PathLock& lock) {
  return {{"id", lock.id},
          {"path", lock.path},
          {"locked_at", to_rfc3339(lock.created)},
          {"owner", {{"name", lock.owner}}}};
}

Writer writer_of(const HubState& hub, const HttpRequest& request) {
  const Gate gate(hub, Gate::Style::lfs);
  const Caller caller = gate.caller(request);
  RepoRow repo = gate.readable(caller, type_of(request), request.capture("repo"));
  gate.need_write(caller, repo);
  return {std::move(repo), caller.owner->user};
}

Answer create(HubState& hub, const HttpRequest& request) {
  const Writer writer = writer_of(hub, request);
  return read_json([&hub, writer](const json& body) {
    const std::string path = need_text(body, "path");
    need_good_path(path);
    if (const auto lock = hub.locks.create(writer.repo.id, path, writer.user)) {
      return lfs_json({{"lock", describe(*lock)}}, 201);
    }
    const auto other = hub.locks.of_path(writer.repo.id, path);
    if (!other) throw ApiError(503, "The file was unlocked just now. Try again.");
    return lfs_json({{"lock", describe(*other)},
                     {"message", fmt::format("'{}' is locked by {} already.", path, other->owner)}},
                    409);
  });
}

std::size_t parse_limit(std::string_view text) {
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || limit == 0) throw ApiError(400, "'limit' must be a whole number from 1 on.");
  return std::min(limit, kMaxLimit);
}

/// A lock holds on every branch, so `refspec` leaves none out (git-lfs docs/api/locking.md: servers
/// should use it for authentication only).
HttpResponse list_locks(const HubState& hub, const HttpRequest& request) {
  const RepoRow repo = Gate(hub, Gate::Style::lfs).readable(request);
  LockFilter filter{.path = request.query_value("path").value_or(""),
                    .id = request.query_value("id").value_or(""),
                    .cursor = request.query_value("cursor").value_or("")};
  const std::string limit = request.query_value("limit").value_or("");
  if (!limit.empty()) filter.limit = parse_limit(limit);
  const LockPage page = hub.locks.list(repo.id, filter);
  json answer{{"locks", json::array()}};
  for (const PathLock& lock : page.locks) answer["locks"].push_back(describe(lock));
  if (!page.next_cursor.empty()) answer["next_cursor"] = page.next_cursor;
  return lfs_json(answer);
}

Answer verify(HubState& hub, const HttpRequest& request) {
  const Writer writer = writer_of(hub, request);
  return read_json([&hub, writer](const json& body) {
    LockFilter filter{.cursor = optional_text(body, "cursor").value_or("")};
    const json limit = body.value("limit", json());
    // git-lfs sends 0 for "as many as you like".
    if (!limit.is_null() && limit != 0) filter.limit = parse_limit(limit.dump());
    const LockPage page = hub.locks.list(writer.repo.id, filter);
    json answer{{"ours", json::array()}, {"theirs", json::array()}};
    for (const PathLock& lock : page.locks) {
      answer[lock.owner_id == writer.user.id ? "ours" : "theirs"].push_back(describe(lock));
    }
    if (!page.next_cursor.empty()) answer["next_cursor"] = page.next_cursor;
    return lfs_json(answer);
  });
}

/// Taking a lock from somebody else is for those who answer for the repository.
bool may_force(const HubState& hub, const Writer& writer) {
  return writer.repo.owner_id == writer.user.id || writer.user.site_admin ||
         hub.accounts.role_in(writer.repo.owner_id, writer.user) == "admin";
}

void need_unlock_right(const HubState& hub, const Writer& writer, const PathLock& lock,
                       bool force) {
  if (lock.owner_id == writer.user.id) return;
  if (!force) {
    throw ApiError(403, fmt::format("'{}' is locked by {}. Unlock it by force if that must be.",
                                    lock.path, lock.owner));
  }
  if (may_force(hub, writer)) return;
  throw ApiError(403, fmt::format("'{}' is locked by {}. Only an admin of '{}' can take that lock "
                                  "away.",
                                  lock.path, lock.owner, writer.repo.owner));
}

Answer unlock(HubState& hub, const HttpRequest& request) {
  const Writer writer = writer_of(hub, request);
  const std::string id = request.capture("id");
  return read_json([&hub, writer, id](const json& body) {
    const auto lock = hub.locks.find(writer.repo.id, id);
    if (!lock) throw ApiError(404, "This repository has no such lock.");
    need_unlock_right(hub, writer, *lock, optional_flag(body, "force").value_or(false));
    hub.locks.remove(*lock);
    if (lock->owner_id != writer.user.id) {
      const NewEvent event = repo_event(events::kLockForced, writer.user, writer.repo,
                                        {{"path", lock->path}, {"owner", lock->owner}});
      hub.events.note(event);
    }
    return lfs_json({{"lock", describe(*lock)}});
  });
}

}  // namespace

void add_lock_routes(Router& router, HubState& hub) {
  const std::string locks = "/{web}/{repo}/info/lfs/locks";
  router.add("POST", locks, [&hub](const HttpRequest& request) { return create(hub, request); });
  router.add("GET", locks, [&hub](const HttpRequest& request) { return list_locks(hub, request); });
  router.add("POST", locks + "/verify",
             [&hub](const HttpRequest& request) { return verify(hub, request); });
  router.add("POST", locks + "/{id}/unlock",
             [&hub](const HttpRequest& request) { return unlock(hub, request); });
}

}  // namespace torchhub::server
