#include "server/api/object_upload.h"

#include "server/http/api_error.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

namespace torchhub::server {
namespace {

class ObjectBody final : public BodyConsumer {
 public:
  ObjectBody(const ObjectStore& objects, const LfsPointer& object, UploadSlots::Slot slot,
             std::function<void()> keep)
      : slot_(std::move(slot)), upload_(objects, object), keep_(std::move(keep)) {}

  void take(std::span<const std::byte> bytes) override { upload_.write(bytes); }

  HttpResponse finish() override {
    upload_.commit();
    keep_();
    return text_response("");
  }

 private:
  UploadSlots::Slot slot_;
  ObjectStore::Upload upload_;
  std::function<void()> keep_;
};

}  // namespace

void need_announced_size(const HttpRequest& request, const LfsPointer& object) {
  const std::uint64_t announced = request.content_length.value_or(0);
  if (request.chunked || announced == object.size) return;
  throw ApiError(422, fmt::format("The body has {} bytes, but {} were announced for object {}.",
                                  announced, object.size, object.oid));
}

Answer take_object(HubState& hub, const LfsPointer& object, UploadSlots::Slot slot,
                   std::function<void()> keep) {
  return std::make_unique<ObjectBody>(hub.objects, object, std::move(slot), std::move(keep));
}

UploadSlots::Slot slot_of(HubState& hub, const LinkGrant& grant) {
  return hub.upload_slots.take(grant.user_id, grant.repo_id + grant.object.oid);
}

}  // namespace torchhub::server
