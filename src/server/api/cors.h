#pragma once

#include "server/http/request.h"
#include "server/http/response.h"

#include <optional>
#include <string>
#include <vector>

namespace torchhub::server {

/// The answer to a browser that asks whether a page of another origin may make a request; nothing
/// if this is no such question, or the origin is not in `origins`.
std::optional<HttpResponse> answer_preflight(const HttpRequest& request,
                                             const std::vector<std::string>& origins);

/// Lets a page of an origin in `origins` read the answer.
void allow_origin(const HttpRequest& request, const std::vector<std::string>& origins,
                  Headers& headers);

}  // namespace torchhub::server
