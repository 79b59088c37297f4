#include "server/accounts/gate.h"
#include "server/accounts/identicon.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"

namespace torchhub::server {
namespace {

HttpResponse picture(const HubState& hub, const HttpRequest& request) {
  Gate(hub).caller(request);
  constexpr std::string_view kEnding = ".svg";
  std::string name = request.capture("file");
  const bool svg = name.ends_with(kEnding);
  name.resize(name.size() - (svg ? kEnding.size() : 0));
  // Drawn for every name that there could be: a picture tells nothing of whether there is one.
  if (!svg || problem_of_name(name)) throw ApiError(404, "There is no such picture.");
  return {200,
          {{"Content-Type", "image/svg+xml"},
           // Opened on its own, a picture is a document of this origin: it may do nothing.
           {"Content-Security-Policy", "default-src 'none'; sandbox"},
           {"X-Content-Type-Options", "nosniff"},
           {"Cache-Control", hub.options.anonymous_read ? "public, max-age=31536000, immutable"
                                                        : "private, max-age=31536000, immutable"}},
          identicon(name)};
}

}  // namespace

void add_avatar_routes(Router& router, HubState& hub) {
  router.add("GET", "/avatars/{file}",
             [&hub](const HttpRequest& request) { return picture(hub, request); });
}

}  // namespace torchhub::server
