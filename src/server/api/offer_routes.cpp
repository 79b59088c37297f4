// Objects that somebody sends for a pull request. Their links are apart from those of writers: what
// comes through them is not the repository's yet.
#include "server/api/lfs_offer_links.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>

namespace torchhub::server {
namespace {

/// What a signed link is about, once its signature is checked.
struct Offer {
  std::string user;
  LinkGrant grant;
};

Offer checked_offer(const HubState& hub, const HttpRequest& request, const char* method) {
  const std::string size = request.query_value("size").value_or("");
  LfsPointer object{request.capture("oid")};
  std::from_chars(size.data(), size.data() + size.size(), object.size);
  Offer offer{request.capture("user"),
              offer_grant(method, request.capture("user"), request.capture("id"), object)};
  hub.signer.check(offer.grant, request.query_value("expires").value_or(""),
                   request.query_value("sig").value_or(""));
  if (hub.repos.is_ready(offer.grant.repo_id)) return offer;
  throw ApiError(404, std::string(error_codes::kRepositoryNotFound), error_codes::kRepoNotFound);
}

class OfferBody final : public BodyConsumer {
 public:
  OfferBody(HubState& hub, Offer offer)
      : hub_(hub), offer_(std::move(offer)), upload_(hub.objects, offer_.grant.object) {}

  void take(std::span<const std::byte> bytes) override { upload_.write(bytes); }

  HttpResponse finish() override {
    upload_.commit();
    hub_.offers.add(offer_.grant.repo_id, offer_.user, offer_.grant.object);
    return text_response("");
  }

 private:
  HubState& hub_;
  Offer offer_;
  ObjectStore::Upload upload_;
};

Answer upload(HubState& hub, const HttpRequest& request) {
  const Offer offer = checked_offer(hub, request, "PUT");
  const LfsPointer& object = offer.grant.object;
  if (!request.chunked && request.content_length.value_or(0) != object.size) {
    throw ApiError(422, fmt::format("The body has {} bytes, but {} were announced for object {}.",
                                    request.content_length.value_or(0), object.size, object.oid));
  }
  hub.offers.need_room(offer.user, object.size);
  return std::make_unique<OfferBody>(hub, offer);
}

HttpResponse verify(const HubState& hub, const Offer& offer) {
  const LfsPointer& object = offer.grant.object;
  const bool there = hub.offers.has(offer.grant.repo_id, offer.user, object.oid) ||
                     hub.repos.is_linked(offer.grant.repo_id, object.oid);
  if (!there || hub.objects.size(object.oid) != object.size) {
    throw ApiError(404, "You have sent no such object of this size.");
  }
  return json_response(nlohmann::json::object());
}

}  // namespace

void add_offer_routes(Router& router, HubState& hub) {
  router.add("PUT", "/_lfs/offer/{user}/{id}/{oid}",
             [&hub](const HttpRequest& request) { return upload(hub, request); });
  router.add("POST", "/_lfs/offer/{user}/{id}/{oid}", [&hub](const HttpRequest& request) {
    const Offer offer = checked_offer(hub, request, "POST");
    constexpr std::size_t kMaxBytes = std::size_t{64} << 10;
    return read_body(kMaxBytes, [&hub, offer](const std::string&) { return verify(hub, offer); });
  });
}

}  // namespace torchhub::server
