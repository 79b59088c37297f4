#include "server/accounts/gate.h"
#include "server/api/json_body.h"
#include "server/api/repo_description.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/repos/repo_maker.h"
#include "torchhub/base/base64.h"
#include "torchhub/wire/commit_lines.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr std::string_view kLicenseLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+";

/// `private`, or the newer `visibility`; nothing if neither was sent.
std::optional<bool> wanted_privacy(const json& body) {
  const auto visibility = optional_text(body, "visibility");
  if (!visibility) return optional_flag(body, "private");
  if (*visibility == "public") return false;
  if (*visibility == "private" || *visibility == "protected") return true;
  throw ApiError(400, "'visibility' must be public or private.");
}

struct NamedRepo {
  RepoType type = RepoType::model;
  Account owner = {};
  std::string name = {};
};

/// Which repository a body with name, organization and type means.
NamedRepo named_repo(const HubState& hub, const json& body, const TokenOwner& caller) {
  NamedRepo out;
  out.type = parse_repo_type(optional_text(body, "type").value_or("model"));
  out.name = need_text(body, "name");
  std::string owner = optional_text(body, "organization").value_or("");
  if (const std::size_t slash = out.name.find('/'); slash != std::string::npos) {
    owner = out.name.substr(0, slash);
    out.name = out.name.substr(slash + 1);
  }
  if (owner.empty()) owner = caller.user.name;
  const auto account = hub.accounts.find(owner);
  if (!account) {
    // The same words as for an account where the caller has no right.
    throw ApiError(403, fmt::format("You don't have the rights to create or delete repositories "
                                    "under '{}'.",
                                    owner));
  }
  out.owner = *account;
  return out;
}

std::map<std::string, std::string> first_files(const json& body) {
  std::map<std::string, std::string> files;
  if (const auto license = optional_text(body, "license")) {
    if (license->find_first_not_of(kLicenseLetters) != std::string::npos) {
      throw ApiError(400, "'license' must be a licence's id, such as apache-2.0.");
    }
    files["README.md"] = fmt::format("---\nlicense: {}\n---\n", *license);
  }
  const auto list = body.find("files");
  if (list == body.end() || !list->is_array()) return files;
  for (const json& file : *list) {
    const std::string path = need_text(file, "path");
    if (const auto problem = problem_of_repo_path(path)) {
      throw ApiError(422, fmt::format("The path '{}' cannot be: {}.", path, *problem));
    }
    std::string content = need_text(file, "content");
    if (optional_text(file, "encoding").value_or("utf-8") == "base64") {
      const auto bytes = base64_decode(content);
      if (!bytes) throw ApiError(400, fmt::format("The content of '{}' is not base64.", path));
      content = *bytes;
    }
    files[path] = std::move(content);
  }
  return files;
}

void check_new_name(const NamedRepo& named) {
  const std::string id = named.owner.name + "/" + named.name;
  if (const auto problem = problem_of_new_name(named.name)) {
    throw ApiError(400, fmt::format("'{}' cannot be a repository's name: {}.", id, *problem));
  }
}

json created_answer(const std::string& url, const NamedRepo& named) {
  return {{"url", url}, {"name", named.owner.name + "/" + named.name}};
}

HttpResponse already_there(const std::string& url, const NamedRepo& named) {
  const std::string text = fmt::format("You already created this {} repo: {}/{}",
                                       to_string(named.type), named.owner.name, named.name);
  json body = created_answer(url, named);
  body["error"] = text;
  HttpResponse response = json_response(body, 409);
  response.headers.set("X-Error-Message", text);
  return response;
}

HttpResponse create(HubState& hub, const HttpRequest& request, const TokenOwner& caller,
                    const json& body) {
  const NamedRepo named = named_repo(hub, body, caller);
  Gate(hub).need_owner_right(caller, named.owner);
  check_new_name(named);
  if (named.type == RepoType::space && !optional_text(body, "sdk")) {
    throw ApiError(400, "A space needs 'sdk': gradio, docker, static or streamlit.");
  }
  const NewRepo wanted{named.type, named.owner, named.name,
                       wanted_privacy(body).value_or(named.owner.private_default),
                       first_files(body)};
  const std::string url =
      hub.base_url(request) + "/" + Repo{{named.owner.name, named.name}, named.type}.web_path();
  const auto made = make_repo(hub, wanted, caller.user);
  if (!made) return already_there(url, named);
  json answer = created_answer(url, named);
  answer["id"] = made->id;
  answer["private"] = made->private_;
  return json_response(answer);
}

HttpResponse remove(HubState& hub, const TokenOwner& caller, const json& body) {
  const Gate gate(hub);
  const NamedRepo named = named_repo(hub, body, caller);
  const Caller who{caller};
  const RepoRow repo = gate.readable(who, named.type, named.owner.name + "/" + named.name);
  gate.need_write(who, repo);
  gate.need_owner_right(caller, named.owner);
  remove_repo(hub, repo);
  return text_response("OK");
}

HttpResponse change_settings(HubState& hub, const RepoRow& repo, const json& body) {
  json answer = json::object();
  if (const auto private_ = wanted_privacy(body)) {
    hub.repos.set_private(repo.id, *private_);
    answer["private"] = *private_;
  }
  if (const auto gated = body.find("gated"); gated != body.end() && *gated != false) {
    throw ApiError(501, "Gated repositories are not built yet.", error_codes::kNotImplemented);
  }
  return json_response(answer);
}

HttpResponse list(const HubState& hub, const HttpRequest& request) {
  const Gate gate(hub);
  const Caller caller = gate.caller(request);
  RepoFilter filter{type_of(request), request.query_value("author").value_or(""),
                    request.query_list("search")};
  constexpr std::size_t kMaxItems = 1000;
  const std::string limit = request.query_value("limit").value_or("");
  const std::size_t wanted = limit.empty() ? kMaxItems : std::strtoul(limit.c_str(), nullptr, 10);
  json out = json::array();
  for (const RepoRow& repo : hub.repos.list(filter)) {
    if (out.size() == std::min(wanted, kMaxItems)) break;
    if (gate.access(caller, repo) == Access::none) continue;
    out.push_back(describe_briefly(repo));
  }
  return json_response(out);
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
  router.add("PUT", "/api/{type}/{repo}/settings", [&hub](const HttpRequest& request) {
    const RepoRow repo = Gate(hub).writable(request);
    return read_json([&hub, repo](const json& body) { return change_settings(hub, repo, body); });
  });
  router.add("GET", "/api/{type}/{repo}/auth-check", [&hub](const HttpRequest& request) {
    Gate(hub).readable(request);
    return json_response(json::object());
  });
  router.add("GET", "/api/{type}/{repo}/auth-check/write", [&hub](const HttpRequest& request) {
    Gate(hub).writable(request);
    return json_response(json::object());
  });
  router.add("GET", "/api/{type}",
             [&hub](const HttpRequest& request) { return list(hub, request); });
}

}  // namespace torchhub::server
