#include "server/accounts/gate.h"
#include "server/api/json_body.h"
#include "server/api/paging.h"
#include "server/api/repo_description.h"
#include "server/api/revision.h"
#include "server/api/routes.h"
#include "server/git/big_trees.h"
#include "server/git/last_changes.h"
#include "server/git/tree_walk.h"
#include "server/http/api_error.h"
#include "torchhub/base/base64.h"
#include "torchhub/base/timestamp.h"
#include "torchhub/http/url.h"
#include "torchhub/wire/commit_lines.h"
#include "torchhub/wire/error_codes.h"
#include "torchhub/wire/repo.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr std::size_t kEntriesPerPage = 1000;
constexpr std::size_t kExpandedPageSize = 100;

/// Where the next page starts: the commit, so that a moving branch does not mix two trees, and the
/// entry behind which it does. A folder's path ends in a slash, by which git sorts it.
struct TreeCursor {
  std::string commit;
  std::optional<std::string> after = std::nullopt;
};

std::string place_text(const std::string& commit, const git::Entry& last) {
  return commit + "-" + base64_encode(last.path + (last.is_folder ? "/" : ""));
}

TreeCursor parse_tree_cursor(const std::string& text) {
  TreeCursor cursor{text.substr(0, text.find('-'))};
  if (text.size() > cursor.commit.size() + 1) {
    cursor.after = base64_decode(text.substr(cursor.commit.size() + 1));
  }
  if (!is_commit_hash(cursor.commit) || !cursor.after) {
    throw ApiError(400, "'cursor' is not one that was handed out here.");
  }
  return cursor;
}

void add_last_commits(json& items, const git::Repository& git, const std::string& commit) {
  std::vector<std::string> paths;
  for (const json& item : items) paths.push_back(item["path"].get<std::string>());
  const std::vector<git::CommitInfo> changes = git::last_changes(git, commit, paths);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    items[i]["lastCommit"] = {
        {"id", changes[i].id}, {"title", changes[i].title}, {"date", to_rfc3339(changes[i].time)}};
    items[i]["securityFileStatus"] = nullptr;
  }
}

[[noreturn]] void refuse_path(const std::string& path, const std::string& commit) {
  throw ApiError(404, fmt::format("'{}' does not exist at revision {}.", path, commit),
                 error_codes::kEntryNotFound, {{"X-Repo-Commit", commit}});
}

std::string without_end_slash(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

HttpResponse tree(const HubState& hub, git::BigTrees& trees, const HttpRequest& request) {
  const RepoRow repo = Gate(hub).readable(request);
  const git::Repository git = hub.open(repo);
  const CommitPath asked = need_commit_path(git, request.capture("rev"), request.capture("path"));
  const std::string folder = without_end_slash(asked.path);
  const auto cursor_text = request.query_value("cursor");
  const TreeCursor cursor =
      cursor_text ? parse_tree_cursor(*cursor_text) : TreeCursor{asked.commit};
  if (git.resolve(cursor.commit) != cursor.commit) refuse_revision(cursor.commit);

  const bool expand = request.query_flag("expand");
  const std::size_t page = expand ? kExpandedPageSize : kEntriesPerPage;
  json out = json::array();
  git::Entry last;
  bool more = false;
  const auto found = trees.find(git, cursor.commit, folder);
  // A file's path is no tree, as on the Hub (huggingface_hub test_hf_file_system.py).
  if (!found) refuse_path(folder, cursor.commit);
  const git::Walk walk{folder, request.query_flag("recursive"), cursor.after};
  git::walk_tree(git, *found->tree, walk, [&](const git::Entry& entry) {
    more = out.size() == page;
    if (more) return false;
    out.push_back(describe(entry));
    last = entry;
    return true;
  });
  if (expand) add_last_commits(out, git, cursor.commit);
  HttpResponse response = json_response(out);
  if (more) {
    add_next_link(response, request, hub.base_url(request), "cursor",
                  place_text(cursor.commit, last));
  }
  return response;
}

struct PathsWish {
  std::vector<std::string> paths = {};
  bool expand = false;
};

PathsWish parse_form(const std::string& body) {
  HttpRequest form;
  parse_target("?" + body, form);
  PathsWish wish{.expand = form.query_flag("expand")};
  for (const auto& [name, value] : form.query) {
    if (name == "paths") wish.paths.push_back(value);
  }
  return wish;
}

PathsWish parse_json_wish(const std::string& body) {
  const json object = parse_json_object(body);
  PathsWish wish{.expand = optional_flag(object, "expand").value_or(false)};
  const auto paths = object.find("paths");
  if (paths == object.end() || !paths->is_array()) {
    throw ApiError(400, "'paths' must be a list of texts.");
  }
  for (const json& path : *paths) {
    if (!path.is_string()) throw ApiError(400, "'paths' must be a list of texts.");
    wish.paths.push_back(path.get<std::string>());
  }
  return wish;
}

HttpResponse paths_info(const git::Repository& git, const std::string& commit,
                        const PathsWish& wish) {
  if (wish.paths.size() > kEntriesPerPage)
    throw ApiError(413, "Ask for at most 1,000 paths at once.");
  json out = json::array();
  for (const std::string& path : wish.paths) {
    const auto entry = git.entry(commit, without_end_slash(path));
    if (!entry) continue;
    out.push_back(describe(*entry));
  }
  if (wish.expand) add_last_commits(out, git, commit);
  return json_response(out);
}

}  // namespace

void add_tree_routes(Router& router, HubState& hub) {
  const auto trees = std::make_shared<git::BigTrees>();
  for (const char* pattern :
       {"/api/{type}/{repo}/tree/{rev}/{path...}", "/api/{type}/{repo}/tree/{rev}"}) {
    router.add("GET", pattern,
               [&hub, trees](const HttpRequest& request) { return tree(hub, *trees, request); });
  }
  router.add("POST", "/api/{type}/{repo}/paths-info/{rev}", [&hub](const HttpRequest& request) {
    const RepoRow repo = Gate(hub).readable(request);
    const std::string commit = need_commit(hub.open(repo), request.capture("rev"));
    const bool form = request.header("Content-Type").starts_with("application/x-www-form");
    constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
    return read_body(kMaxBytes, [&hub, repo, commit, form](const std::string& body) {
      return paths_info(hub.open(repo), commit, form ? parse_form(body) : parse_json_wish(body));
    });
  });
}

}  // namespace torchhub::server
