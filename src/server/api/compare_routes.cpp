#include "server/accounts/gate.h"
#include "server/api/revision.h"
#include "server/api/routes.h"
#include "server/git/ancestry.h"
#include "server/git/compare.h"
#include "server/git/tree_walk.h"
#include "server/http/api_error.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

namespace torchhub::server {
namespace {

/// "a..b" are two commits; "a...b" is what b has since it left a; a commit alone, what it changed.
git::Comparison parse_comparison(const git::Repository& git, const std::string& text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) {
    const std::string commit = need_commit(git, text);
    const auto parents = git.commit_info(commit).parents;
    if (parents.empty()) return {std::nullopt, commit};
    return {parents.front(), commit};
  }
  const bool since_parting = text.substr(dots, 3) == "...";
  const std::string from = need_commit(git, text.substr(0, dots));
  const std::string to = need_commit(git, text.substr(dots + (since_parting ? 3 : 2)));
  if (!since_parting) return {from, to};
  return {git::merge_base(git, from, to), to};
}

HttpResponse compare(const HubState& hub, const HttpRequest& request) {
  constexpr std::size_t kMaxBytes = std::size_t{5} << 20;
  // It shows what files hold.
  const git::Repository git = hub.open(Gate(hub).contents(request));
  const git::Comparison comparison = parse_comparison(git, request.capture("path"));
  HttpResponse response =
      text_response(request.query_flag("raw") ? git::raw_diff(git, comparison, kMaxBytes)
                                              : git::unified_diff(git, comparison, kMaxBytes));
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

HttpResponse tree_size(const HubState& hub, const HttpRequest& request) {
  const git::Repository git = hub.open(Gate(hub).readable(request));
  const std::string commit = need_commit(git, request.capture("rev"));
  std::string path = request.capture("path");
  while (path.ends_with('/')) path.pop_back();
  std::uint64_t size = 0;
  const bool folder = git::walk_tree(git, commit, {.folder = path, .recursive = true},
                                     [&](const git::Entry& entry) {
                                       size += entry.size;
                                       return true;
                                     });
  if (!folder) {
    const auto entry = git.entry(commit, path);
    if (!entry) {
      throw ApiError(404, fmt::format("'{}' does not exist at revision {}.", path, commit),
                     error_codes::kEntryNotFound, {{"X-Repo-Commit", commit}});
    }
    size = entry->size;
  }
  return json_response({{"path", path}, {"size", size}});
}

}  // namespace

void add_compare_routes(Router& router, HubState& hub) {
  router.add("GET", "/api/{type}/{repo}/compare/{path...}",
             [&hub](const HttpRequest& request) { return compare(hub, request); });
  for (const char* pattern :
       {"/api/{type}/{repo}/treesize/{rev}/{path...}", "/api/{type}/{repo}/treesize/{rev}"}) {
    router.add("GET", pattern,
               [&hub](const HttpRequest& request) { return tree_size(hub, request); });
  }
}

}  // namespace torchhub::server
