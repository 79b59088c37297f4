#include "server/repos/true_name.h"

#include "server/http/api_error.h"
#include "torchhub/http/url.h"

#include <algorithm>

namespace torchhub::server {
namespace {

/// How many parts of the path stand before the repository's id.
std::ptrdiff_t parts_before_id(const HttpRequest& request) {
  if (request.raw_path.starts_with("/api/resolve-cache/")) return 3;
  if (!request.capture("type").empty()) return 2;
  return request.capture("web").empty() ? 0 : 1;
}

/// Where the slash behind the first `parts` parts is, or the end.
std::size_t end_of_parts(const std::string& path, std::ptrdiff_t parts) {
  std::size_t at = 0;
  for (; parts > 0 && at < path.size(); --parts) at = std::min(path.find('/', at + 1), path.size());
  return at;
}

}  // namespace

std::string address_by_true_name(const HttpRequest& request, const RepoRow& repo) {
  const std::string& path = request.raw_path;
  const std::string& id = request.capture("repo");
  // Counted, since an owner may be named as a word that stands before or behind.
  const auto before = parts_before_id(request);
  const auto behind = before + 1 + std::count(id.begin(), id.end(), '/');
  return path.substr(0, end_of_parts(path, before)) + "/" + repo.full_name() +
         path.substr(end_of_parts(path, behind)) + query_string(request.query);
}

void redirect_from_old_name(const HttpRequest& request, const RepoRow& repo) {
  if (request.method != "GET" && request.method != "HEAD") return;
  if (folded(request.capture("repo")) == folded(repo.full_name())) return;
  throw ApiError(307, "This repository has a new name.", {},
                 {{"Location", address_by_true_name(request, repo)}});
}

}  // namespace torchhub::server
