#pragma once

#include "server/http/http_options.h"
#include "server/http/request.h"

#include <string_view>

namespace torchhub::server {

/// @throws ApiError 414 for a request line, 431 for headers that are longer than they may be
void need_head_within_limits(std::string_view head, const HttpOptions& options);

/// Every line of a head ends in CR LF and starts with no blank: programs in front of us may read
/// others differently (request smuggling). @throws ApiError 400
void need_unambiguous_lines(std::string_view head);

/// @throws ApiError 505
[[noreturn]] void refuse_version();

/// One Host, one length, no transfer coding but chunked. @param version 11 for HTTP/1.1
/// @throws ApiError 400, 501, 505
void need_one_meaning(const HttpRequest& request, unsigned version);

}  // namespace torchhub::server
