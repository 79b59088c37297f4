#include "server/accounts/gate.h"
#include "server/api/revision.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/http/content_type.h"
#include "server/http/file_answer.h"
#include "server/http/http_date.h"
#include "server/repos/true_name.h"
#include "server/traffic/client_key.h"
#include "torchhub/http/url.h"
#include "torchhub/wire/commit_lines.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

enum class Kind {
  resolve,  ///< The file: an LFS object's own bytes.
  raw       ///< What lies in git: a pointer's text for LFS.
};

std::string disposition(const HttpRequest& request, const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  std::string plain;
  for (char c : name) plain += c < 0x20 || c >= 0x7f || c == '"' || c == '\\' ? '_' : c;
  return fmt::format("{}; filename*=UTF-8''{}; filename=\"{}\"",
                     request.query_flag("download") ? "attachment" : "inline", percent_encode(name),
                     plain);
}

[[noreturn]] void refuse_entry(const std::string& path, const std::string& commit) {
  throw ApiError(404, fmt::format("Entry not found: {}", path), error_codes::kEntryNotFound,
                 {{"X-Repo-Commit", commit}});
}

FileToSend describe_file(const HttpRequest& request, const git::Entry& entry,
                         const git::CommitInfo& commit, Kind kind) {
  const bool object = kind == Kind::resolve && entry.lfs;
  FileToSend file{object ? entry.lfs->oid : entry.oid, object ? entry.lfs->size : entry.blob_size};
  Headers& headers = file.headers;
  headers.set("X-Repo-Commit", commit.id);
  headers.set("Last-Modified", http_date(commit.time));
  headers.set("Content-Disposition", disposition(request, entry.path));
  headers.set("Content-Type",
              kind == Kind::raw ? "text/plain; charset=utf-8" : content_type_of(entry.path));
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Content-Security-Policy", "sandbox; default-src 'none'");
  const bool pinned = request.capture("rev") == commit.id;
  headers.set("Cache-Control",
              pinned ? "private, max-age=31536000, immutable" : "private, no-cache");
  if (object) {
    headers.set("X-Linked-Size", std::to_string(entry.lfs->size));
    headers.set("X-Linked-ETag", "\"" + entry.lfs->oid + "\"");
  }
  return file;
}

/// The true spelling of an id that was asked for in another case.
std::optional<HttpResponse> redirect_to_true_name(const HttpRequest& request, const RepoRow& repo) {
  if (request.capture("repo") == repo.full_name()) return std::nullopt;
  HttpResponse response = text_response("", 307);
  response.headers.set("Location", address_by_true_name(request, repo));
  return response;
}

FileContent open_content(const HubState& hub, const RepoRow& repo, const git::Repository& git,
                         const git::Entry& entry, const std::string& commit, Kind kind,
                         bool head_only) {
  if (kind == Kind::raw || !entry.lfs) {
    if (head_only) return std::monostate();
    return git.blob(entry.oid);
  }
  // A pointer alone gives no right: its object must belong to this repository.
  if (!hub.repo_objects.is_linked(repo.id, entry.lfs->oid)) refuse_entry(entry.path, commit);
  auto file = hub.objects.open(entry.lfs->oid);
  if (!file) refuse_entry(entry.path, commit);
  return *std::move(file);
}

HttpResponse send_file(HubState& hub, const HttpRequest& request, Kind kind) {
  const RepoRow repo = Gate(hub).contents(request);
  if (auto redirect = redirect_to_true_name(request, repo)) return *std::move(redirect);
  const git::Repository git = hub.open(repo);
  const auto [commit, path] =
      need_commit_path(git, request.capture("rev"), request.capture("path"));
  if (problem_of_repo_path(path)) refuse_entry(path, commit);
  const auto entry = git.entry(commit, path);
  if (!entry || entry->is_folder) refuse_entry(path, commit);
  FileToSend file = describe_file(request, *entry, git.commit_info(commit), kind);
  HttpResponse response = answer_with_file(
      request, std::move(file),
      open_content(hub, repo, git, *entry, commit, kind, request.method == "HEAD"));
  const bool sent = response.status == 200 || response.status == 206;
  if (sent && request.method == "GET" && kind == Kind::resolve && DownloadCounter::counts(path)) {
    hub.downloads.note(repo.id, key_of_token(request).value_or(key_of_address(request)));
  }
  return response;
}

}  // namespace

void add_file_routes(Router& router, HubState& hub) {
  router.add("GET", "/{web}/{repo}/resolve/{rev}/{path...}",
             [&hub](const HttpRequest& request) { return send_file(hub, request, Kind::resolve); });
  // Where the Hub's own resolve leads to; clients may have kept such an address.
  router.add("GET", "/api/resolve-cache/{type}/{repo}/{rev}/{path...}",
             [&hub](const HttpRequest& request) { return send_file(hub, request, Kind::resolve); });
  router.add("GET", "/{web}/{repo}/raw/{rev}/{path...}",
             [&hub](const HttpRequest& request) { return send_file(hub, request, Kind::raw); });
}

}  // namespace torchhub::server
