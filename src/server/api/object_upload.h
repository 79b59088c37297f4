#pragma once

#include "server/http/request.h"
#include "server/http/response.h"
#include "server/hub_state.h"

#include <functional>

namespace torchhub::server {

/// @throws ApiError 422 if the request announces another size than the object's
void need_announced_size(const HttpRequest& request, const LfsPointer& object);

/// Takes the bytes of a whole LFS object from the socket to its place, then calls `keep`, which
/// makes it somebody's.
Answer take_object(HubState& hub, const LfsPointer& object, std::function<void()> keep);

}  // namespace torchhub::server
