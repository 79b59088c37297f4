#include "server/accounts/gate.h"
#include "server/api/first_card.h"
#include "server/api/json_body.h"
#include "server/api/privacy.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/repos/commit_checks.h"
#include "server/repos/duplicate.h"
#include "server/repos/repo_label.h"
#include "server/repos/repo_maker.h"
#include "server/traffic/client_address.h"
#include "torchhub/base/base64.h"
#include "torchhub/wire/error_codes.h"
#include "torchhub/wire/lfs_pointer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace torchhub::server {
namespace {

using nlohmann::json;

/// Which repository a body with name, organization and type means. The owner need not exist.
Repo named_repo(const json& body, const TokenOwner& caller) {
  Repo out{{optional_text(body, "organization").value_or(""), need_text(body, "name")},
           parse_repo_type(optional_text(body, "type").value_or("model"))};
  RepoId& id = out.id;
  if (const std::size_t slash = id.name.find('/'); slash != std::string::npos) {
    id.owner = id.name.substr(0, slash);
    id.name = id.name.substr(slash + 1);
  }
  if (id.name.find('/') != std::string::npos) {
    throw ApiError(400, "Repo id must be 'name' or 'owner/name', with one '/' at most.");
  }
  if (id.owner.empty()) id.owner = caller.user.name;
  return out;
}

/// The account to create a repository under.
Account new_owner(const HubState& hub, const std::string& name, const TokenOwner& caller) {
  const auto account = hub.accounts.find(name);
  if (!account) {
    // The same words as for an account where the caller has no right.
    throw ApiError(403, fmt::format("You don't have the rights to create or delete repositories "
                                    "under '{}'.",
                                    name));
  }
  Gate(hub).need_owner_right(caller, *account);
  return *account;
}

std::string first_content(const ServerOptions& options, const std::string& path, const json& file) {
  std::string content = need_text(file, "content");
  if (optional_text(file, "encoding").value_or("utf-8") == "base64") {
    auto bytes = base64_decode(content);
    if (!bytes) throw ApiError(400, fmt::format("The content of '{}' is not base64.", path));
    content = *std::move(bytes);
  }
  // A new repository has no objects yet.
  if (const auto pointer = LfsPointer::parse(content)) refuse_pointer(path, *pointer);
  need_good_file(options, path, content);
  return content;
}

std::map<std::string, std::string> first_files(const ServerOptions& options, const json& body,
                                               const Repo& repo) {
  std::map<std::string, std::string> files;
  if (std::string card = first_card(body, repo); !card.empty()) files["README.md"] = card;
  const auto list = body.find("files");
  if (list == body.end() || !list->is_array()) return files;
  for (const json& file : *list) {
    if (!file.is_object()) throw ApiError(400, "'files' must be a list of objects.");
    const std::string path = need_text(file, "path");
    need_good_path(path);
    files[path] = first_content(options, path, file);
  }
  return files;
}

/// The words that follow a repository's id in addresses: `/api/models/ana/refs` would be both the
/// repository `ana/refs` and the refs of an old id `ana`.
constexpr std::array<std::string_view, 24> kRouteWords = {
    "ask-access", "auth-check",  "blob",         "branch", "commit",    "commits",
    "compare",    "discussions", "duplicate",    "info",   "lfs-files", "like",
    "likers",     "paths-info",  "preupload",    "raw",    "refs",      "resolve",
    "revision",   "settings",    "super-squash", "tag",    "tree",      "treesize"};

std::optional<std::string> problem_of_repo_name(const std::string& name) {
  if (auto problem = problem_of_new_name(name)) return problem;
  if (std::find(kRouteWords.begin(), kRouteWords.end(), folded(name)) == kRouteWords.end()) {
    return std::nullopt;
  }
  return "it is a word that addresses use behind a repository's name";
}

void check_new_name(const RepoId& id) {
  if (const auto problem = problem_of_repo_name(id.name)) {
    throw ApiError(400, fmt::format("'{}' cannot be a repository's name: {}.", id.str(), *problem));
  }
}

/// Test suites on this machine make hundreds.
bool is_limited(const HubState& hub, const HttpRequest& request) {
  return hub.options.rate_loopback || !is_loopback_text(request.remote_address);
}

json created_answer(const std::string& url, const Repo& named) {
  return {{"url", url}, {"name", named.id.str()}};
}

HttpResponse already_there(const std::string& url, const Repo& named) {
  const std::string text =
      fmt::format("You already created this {} repo: {}", to_string(named.type), named.id.str());
  json body = created_answer(url, named);
  body["error"] = text;
  HttpResponse response = json_response(body, 409);
  response.headers.set("X-Error-Message", text);
  return response;
}

HttpResponse create(HubState& hub, const HttpRequest& request, const TokenOwner& caller,
                    const json& body) {
  Repo named = named_repo(body, caller);
  const Account owner = new_owner(hub, named.id.owner, caller);
  named.id.owner = owner.name;  // as it was created
  check_new_name(named.id);
  const NewRepo wanted{named.type, owner, named.id.name,
                       wanted_privacy(body).value_or(owner.private_default),
                       first_files(hub.options, body, named)};
  const std::string url = hub.base_url(request) + "/" + named.web_path();
  const bool limited = is_limited(hub, request);
  if (limited) hub.creations.check(caller.user.id);
  const auto made = make_repo(hub, wanted, caller.user);
  if (!made) return already_there(url, named);
  if (limited) hub.creations.note(caller.user.id);
  json answer = created_answer(url, named);
  answer["id"] = made->id;
  answer["private"] = made->private_;
  return json_response(answer);
}

HttpResponse remove(HubState& hub, const TokenOwner& caller, const json& body) {
  const Gate gate(hub);
  const Repo named = named_repo(body, caller);
  const Caller who{caller};
  const RepoRow repo = gate.readable(who, named.type, named.id.str());
  gate.need_write(who, repo);  // whoever may write to it may delete it
  remove_repo(hub, repo, caller.user);
  return text_response("OK");
}

/// Both must name their owner: a name alone could mean the caller's own.
RepoId need_full_id(const json& body, const char* field) {
  const std::string text = need_text(body, field);
  RepoId id;
  try {
    id = RepoId::parse(text);
  } catch (const InvalidArgumentError& error) {
    throw ApiError(400, fmt::format("'{}': {}", field, error.what()));
  }
  if (id.owner.empty()) throw ApiError(400, fmt::format("'{}' must be 'owner/name'.", field));
  return id;
}

HttpResponse move(HubState& hub, const TokenOwner& caller, const json& body) {
  const Gate gate(hub);
  const RepoType type = parse_repo_type(optional_text(body, "type").value_or("model"));
  const RepoId to_id = need_full_id(body, "toRepo");
  const Caller who{caller};
  const RepoRow from = gate.readable(who, type, need_text(body, "fromRepo"));
  gate.need_write(who, from);
  if (const auto owner = hub.accounts.find(from.owner)) gate.need_owner_right(caller, *owner);
  const Account owner = new_owner(hub, to_id.owner, caller);
  check_new_name(to_id);
  RepoRow to = from;
  to.owner_id = owner.id;
  to.owner = owner.name;  // as it was created
  to.name = to_id.name;
  if (!move_repo(hub, from, to, caller.user)) {
    throw ApiError(409, fmt::format("A {} repository called {} already exists", to_string(type),
                                    to.full_name()));
  }
  refresh_label(hub.database, hub.folder, from.id);
  return text_response("OK");
}

HttpResponse duplicate(HubState& hub, const HttpRequest& request, const TokenOwner& caller,
                       const RepoRow& source, const json& body) {
  Repo named{need_full_id(body, "repository"), source.type};
  const Account owner = new_owner(hub, named.id.owner, caller);
  named.id.owner = owner.name;  // as it was created
  check_new_name(named.id);
  const NewRepo wanted{named.type, owner, named.id.name,
                       wanted_privacy(body).value_or(owner.private_default || source.private_)};
  const std::string url = hub.base_url(request) + "/" + named.web_path();
  const bool limited = is_limited(hub, request);
  if (limited) hub.creations.check(caller.user.id);
  const auto made = duplicate_repo(hub, source, wanted, caller.user);
  if (!made) return already_there(url, named);
  if (limited) hub.creations.note(caller.user.id);
  json answer = created_answer(url, named);
  answer["id"] = made->id;
  answer["private"] = made->private_;
  return json_response(answer);
}

}  // namespace

void add_repo_routes(Router& router, HubState& hub) {
  router.add("POST", "/api/repos/create", [&hub](const HttpRequest& request) {
    const TokenOwner caller = Gate(hub).signed_in(request);
    return read_json(
        [&hub, &request, caller](const json& body) { return create(hub, request, caller, body); });
  });
  router.add("DELETE", "/api/repos/delete", [&hub](const HttpRequest& request) {
    const TokenOwner caller = Gate(hub).signed_in(request);
    return read_json([&hub, caller](const json& body) { return remove(hub, caller, body); });
  });
  router.add("POST", "/api/repos/move", [&hub](const HttpRequest& request) {
    const TokenOwner caller = Gate(hub).signed_in(request);
    return read_json([&hub, caller](const json& body) { return move(hub, caller, body); });
  });
  router.add("POST", "/api/{type}/{repo}/duplicate", [&hub](const HttpRequest& request) {
    const TokenOwner caller = Gate(hub).signed_in(request);
    const RepoRow source = Gate(hub).contents(request);
    return read_json([&hub, &request, caller, source](const json& body) {
      return duplicate(hub, request, caller, source, body);
    });
  });
  router.add("GET", "/api/{type}/{repo}/auth-check", [&hub](const HttpRequest& request) {
    Gate(hub).contents(request);
    return json_response(json::object());
  });
  router.add("GET", "/api/{type}/{repo}/auth-check/write", [&hub](const HttpRequest& request) {
    Gate(hub).writable(request);
    return json_response(json::object());
  });
}

}  // namespace torchhub::server
