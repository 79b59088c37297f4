#pragma once

#include "server/http/request.h"
#include "server/http/response.h"
#include "server/hub_state.h"

#include <functional>

namespace torchhub::server {

/// @throws ApiError 422 if the request announces another size than the object's
void need_announced_size(const HttpRequest& request, const LfsPointer& object);

/// Takes the bytes of a whole LFS object from the socket to its place, then calls `keep`, which
/// makes it somebody's. @param slot the sender's, until that is done
Answer take_object(HubState& hub, const LfsPointer& object, UploadSlots::Slot slot,
                   std::function<void()> keep);

/// The place among the sender's uploads that a link of a batch takes. @throws ApiError 429
UploadSlots::Slot slot_of(HubState& hub, const LinkGrant& grant);

}  // namespace torchhub::server
