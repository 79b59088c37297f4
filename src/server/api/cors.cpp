#include "server/api/cors.h"

#include <algorithm>

namespace torchhub::server {
namespace {

bool is_allowed(const std::string& origin, const std::vector<std::string>& origins) {
  return !origin.empty() && std::find(origins.begin(), origins.end(), origin) != origins.end();
}

}  // namespace

std::optional<HttpResponse> answer_preflight(const HttpRequest& request,
                                             const std::vector<std::string>& origins) {
  if (request.method != "OPTIONS" || !request.headers.get("Access-Control-Request-Method") ||
      !is_allowed(request.header("Origin"), origins)) {
    return std::nullopt;
  }
  return HttpResponse{204,
                      {{"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE"},
                       {"Access-Control-Allow-Headers", "Authorization, Content-Type, Range"},
                       {"Access-Control-Max-Age", "86400"}}};
}

void allow_origin(const HttpRequest& request, const std::vector<std::string>& origins,
                  Headers& headers) {
  if (origins.empty()) return;
  headers.add("Vary", "Origin");
  const std::string origin = request.header("Origin");
  if (!is_allowed(origin, origins)) return;
  headers.set("Access-Control-Allow-Origin", origin);
  headers.set("Access-Control-Expose-Headers",
              "ETag, Link, Accept-Ranges, Content-Range, X-Repo-Commit, X-Linked-Size, "
              "X-Linked-ETag, X-Error-Code, X-Error-Message, X-Request-Id, X-Total-Count");
}

}  // namespace torchhub::server
