// Objects that somebody sends for a pull request. Their links are apart from those of writers: what
// comes through them is not the repository's yet.
#include "server/api/lfs_links.h"
#include "server/api/object_upload.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub::server {
namespace {

Answer upload_offer(HubState& hub, const HttpRequest& request) {
  const LinkGrant grant = checked_grant(hub, request, LinkUse::offer);
  need_announced_size(request, grant.object);
  hub.offers.need_room(grant.user_id, grant.object.size);
  return take_object(hub, grant.object, slot_of(hub, grant),
                     [&hub, grant] { hub.offers.add(grant.repo_id, grant.user_id, grant.object); });
}

HttpResponse verify(const HubState& hub, const LinkGrant& grant) {
  const LfsPointer& object = grant.object;
  const bool there = hub.offers.has(grant.repo_id, grant.user_id, object.oid) ||
                     hub.repo_objects.is_linked(grant.repo_id, object.oid);
  if (!there || hub.objects.size(object.oid) != object.size) {
    throw ApiError(404, "You have sent no such object of this size.");
  }
  return json_response(nlohmann::json::object());
}

}  // namespace

void add_offer_routes(Router& router, HubState& hub) {
  router.add("PUT", "/_lfs/offer/{id}/{oid}",
             [&hub](const HttpRequest& request) { return upload_offer(hub, request); });
  router.add("POST", "/_lfs/offered/{id}/{oid}", [&hub](const HttpRequest& request) {
    const LinkGrant grant = checked_grant(hub, request, LinkUse::offered);
    constexpr std::size_t kMaxBytes = std::size_t{64} << 10;
    return read_body(kMaxBytes, [&hub, grant](const std::string&) { return verify(hub, grant); });
  });
}

}  // namespace torchhub::server
