#pragma once

#include "server/http/request.h"
#include "server/http/response.h"

#include <cstddef>
#include <string>

namespace torchhub::server {

/// The number in a query parameter, or `otherwise`. @throws ApiError 400 for anything else
std::size_t query_number(const HttpRequest& request, std::string_view name, std::size_t otherwise);

/// Adds `Link: <…>; rel="next"` with the request's own parameters but `name` set to `value`.
void add_next_link(HttpResponse& response, const HttpRequest& request, const std::string& base_url,
                   const std::string& name, const std::string& value);

}  // namespace torchhub::server
