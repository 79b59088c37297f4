#include "server/api/json_body.h"
#include "server/api/lfs_links.h"
#include "server/api/object_upload.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace torchhub::server {
namespace {

using nlohmann::json;

[[noreturn]] void refuse_length(const LinkGrant& grant, std::uint64_t came, std::uint64_t length) {
  throw ApiError(422, fmt::format("Part {} of object {} has {} bytes, but {} came.", grant.part,
                                  grant.object.oid, length, came));
}

std::uint64_t length_of(const LinkGrant& grant) {
  return PartPlan{grant.object.size, grant.chunk_bytes}.length(grant.part);
}

/// A part, from the socket to its place in the file.
class PartBody final : public BodyConsumer {
 public:
  /// @param part nothing if the object is here already, and the bytes need only be taken
  PartBody(HubState& hub, LinkGrant grant, UploadSlots::Slot slot, std::unique_ptr<PartUpload> part)
      : hub_(hub),
        grant_(std::move(grant)),
        slot_(std::move(slot)),
        length_(length_of(grant_)),
        part_(std::move(part)) {}

  void take(std::span<const std::byte> bytes) override {
    if (bytes.size() > length_ - size_) refuse_length(grant_, size_ + bytes.size(), length_);
    if (part_) part_->write(bytes);
    size_ += bytes.size();
  }

  HttpResponse finish() override {
    if (size_ != length_) refuse_length(grant_, size_, length_);
    if (part_) hub_.multipart.finish_part(grant_.repo_id, grant_.object, grant_.part, *part_);
    HttpResponse response = text_response("");
    response.headers.set("ETag",
                         MultipartUploads::etag(grant_.repo_id, grant_.object, grant_.part));
    return response;
  }

 private:
  HubState& hub_;
  LinkGrant grant_;
  UploadSlots::Slot slot_;
  std::uint64_t length_;
  std::uint64_t size_ = 0;
  std::unique_ptr<PartUpload> part_;
};

Answer take_part(HubState& hub, const HttpRequest& request) {
  const LinkGrant grant = checked_grant(hub, request, LinkUse::part);
  const std::uint64_t came = request.content_length.value_or(0);
  if (!request.chunked && came != length_of(grant)) refuse_length(grant, came, length_of(grant));
  hub.repo_objects.need_room(grant.repo_id, {grant.object});
  auto slot = slot_of(hub, grant);
  return std::make_unique<PartBody>(
      hub, grant, std::move(slot),
      hub.multipart.begin_part(grant.repo_id, grant.object, grant.chunk_bytes, grant.part));
}

/// @throws ApiError 400 naming what is wrong with the list
std::map<std::uint64_t, std::string> parse_etags(const json& body) {
  const auto parts = body.find("parts");
  if (parts == body.end() || !parts->is_array()) {
    throw ApiError(400, "'parts' must be a list of {partNumber, etag}.");
  }
  std::map<std::uint64_t, std::string> out;
  for (const json& part : *parts) {
    const json number = part.is_object() ? part.value("partNumber", json()) : json();
    if (!number.is_number_unsigned()) {
      throw ApiError(400, "Each of 'parts' must have a 'partNumber' from 1 on.");
    }
    std::string tag = need_text(part, "etag");
    if (!tag.starts_with('"')) tag = "\"" + tag + "\"";  // some clients take the quotes off
    out.insert_or_assign(number.get<std::uint64_t>(), std::move(tag));
  }
  return out;
}

Answer complete(HubState& hub, const HttpRequest& request) {
  const LinkGrant grant = checked_grant(hub, request, LinkUse::complete);
  return read_json([&hub, grant](const json& body) {
    if (need_text(body, "oid") != grant.object.oid) {
      throw ApiError(403, "This link completes another object than that of 'oid'.");
    }
    hub.multipart.complete(grant.repo_id, grant.object, grant.chunk_bytes, parse_etags(body),
                           hub.stop.get_token());
    return lfs_json(json::object());
  });
}

}  // namespace

void add_lfs_part_routes(Router& router, HubState& hub) {
  router.add("PUT", "/_lfs/part/{id}/{oid}/{part}",
             [&hub](const HttpRequest& request) { return take_part(hub, request); });
  router.add("POST", "/_lfs/complete/{id}/{oid}",
             [&hub](const HttpRequest& request) { return complete(hub, request); });
}

}  // namespace torchhub::server
