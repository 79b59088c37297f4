#include "server/accounts/gate.h"
#include "server/api/json_body.h"
#include "server/api/paging.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/repos/history_rewrite.h"
#include "server/repos/lfs_files.h"
#include "server/repos/repo_event.h"
#include "server/store/object_guard.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr std::size_t kFilesPerPage = 1000;

/// For those who may delete them: the list names objects that no commit has yet.
HttpResponse list_files(const HubState& hub, const HttpRequest& request) {
  const RepoRow repo = Gate(hub).writable(request);
  const std::vector<LfsFile> files = list_lfs_files(hub, repo);
  const std::size_t page = query_number(request, "p", 0);
  const std::size_t begin = std::min(page * kFilesPerPage, files.size());
  const std::size_t end = std::min(begin + kFilesPerPage, files.size());
  json out = json::array();
  for (std::size_t i = begin; i < end; ++i) {
    const LfsFile& file = files[i];
    out.push_back({{"fileOid", file.oid},
                   {"oid", file.oid},
                   {"filename", file.path},
                   {"size", file.size},
                   {"pushedAt", to_rfc3339(file.pushed)},
                   {"ref", file.ref.empty() ? json() : json(file.ref)},
                   {"pusher", file.pusher.empty() ? json() : json{{"name", file.pusher}}}});
  }
  HttpResponse response = json_response(out);
  if (end < files.size()) {
    add_next_link(response, request, hub.base_url(request), "p", std::to_string(page + 1));
  }
  return response;
}

/// The history goes first: a crash between the two leaves objects that nothing names, and no files
/// without their objects.
void remove(HubState& hub, const RepoRow& repo, const Account& user,
            const std::set<std::string>& oids, bool rewrite) {
  if (rewrite) remove_from_history(hub, repo, oids);
  hub.repo_objects.unlink(
      repo.id, {oids.begin(), oids.end()},
      repo_event(events::kLfsDeleted, user, repo, {{"oids", oids}, {"historyRewritten", rewrite}}));
}

HttpResponse remove_many(HubState& hub, const RepoRow& repo, const Account& user,
                         const json& body) {
  const json deletions = body.value("deletions", json());
  const json shas = deletions.is_object() ? deletions.value("sha", json()) : json();
  if (!shas.is_array()) throw ApiError(400, "'deletions' must have a list 'sha'.");
  if (shas.size() > kFilesPerPage) throw ApiError(413, "Name at most 1,000 files at once.");
  std::set<std::string> oids;
  for (const json& sha : shas) {
    if (!sha.is_string() || !is_lfs_oid(sha.get<std::string>())) {
      throw ApiError(400, "Each of 'sha' must be 64 lower-case hex digits.");
    }
    oids.insert(sha.get<std::string>());
  }
  remove(hub, repo, user, oids, optional_flag(deletions, "rewriteHistory").value_or(false));
  return json_response(json::object());
}

HttpResponse remove_one(HubState& hub, const HttpRequest& request) {
  const auto [repo, user] = Gate(hub).writer(request);
  const std::string& oid = request.capture("sha");
  if (!hub.repo_objects.is_linked(repo.id, oid)) {
    throw ApiError(404, "This repository has no such LFS file.");
  }
  remove(hub, repo, user, {oid}, request.query_flag("rewriteHistory"));
  return json_response(json::object());
}

/// Why the target may not have it, or nothing once it has.
std::string link(HubState& hub, const RepoRow& source, const RepoRow& target, const json& file) {
  const std::string oid =
      file.is_object() ? optional_text(file, "sha256").value_or("") : std::string();
  if (!is_lfs_oid(oid)) return "'sha256' must be 64 lower-case hex digits.";
  const auto guard = ObjectGuard::shared(hub.folder.root());
  const auto size = hub.objects.size(oid);
  if (!size || !hub.repo_objects.is_linked(source.id, oid))
    return "The source has no such LFS file.";
  try {
    hub.repo_objects.link(target.id, {{oid, *size}});
  } catch (const ApiError& error) {
    return error.what();  // past a quota; the next one may be smaller
  }
  return {};
}

HttpResponse duplicate(HubState& hub, const RepoRow& source, const Caller& caller,
                       const json& body) {
  const json named = body.value("target", json());
  if (!named.is_object()) throw ApiError(400, "'target' must have 'type' and 'name'.");
  const Gate gate(hub);
  const RepoRow target =
      gate.readable(caller, parse_repo_type(optional_text(named, "type").value_or("model")),
                    need_text(named, "name"));
  gate.need_write(caller, target);
  const json files = body.value("files", json());
  if (!files.is_array()) throw ApiError(400, "'files' must be a list.");
  if (files.size() > kFilesPerPage) throw ApiError(413, "Name at most 1,000 files at once.");
  json failed = json::array();
  for (const json& file : files) {
    const std::string problem = link(hub, source, target, file);
    if (problem.empty()) continue;
    const json sha = file.is_object() ? file.value("sha256", json()) : json();
    failed.push_back({{"sha256", sha}, {"error", problem}});
  }
  return json_response({{"failed", std::move(failed)}});
}

}  // namespace

void add_lfs_file_routes(Router& router, HubState& hub) {
  const std::string base = "/api/{type}/{repo}/lfs-files";
  router.add("GET", base, [&hub](const HttpRequest& request) { return list_files(hub, request); });
  router.add("POST", base + "/batch", [&hub](const HttpRequest& request) {
    return read_json([&hub, by = Gate(hub).writer(request)](const json& body) {
      return remove_many(hub, by.repo, by.user, body);
    });
  });
  router.add("POST", base + "/duplicate", [&hub](const HttpRequest& request) {
    const RepoRow source = Gate(hub).contents(request);
    const Caller caller = Gate(hub).caller(request);
    return read_json(
        [&hub, source, caller](const json& body) { return duplicate(hub, source, caller, body); });
  });
  router.add("DELETE", base + "/{sha}",
             [&hub](const HttpRequest& request) { return remove_one(hub, request); });
}

}  // namespace torchhub::server
