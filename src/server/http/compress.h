#pragma once

#include "server/http/request.h"
#include "server/http/response.h"

namespace torchhub::server {

/// Compresses an answer's JSON or text by gzip where the client takes it and it is worth the time.
/// Never a file's bytes: their ETag, ranges and length are what clients count on.
void compress_if_wanted(const HttpRequest& request, HttpResponse& response);

}  // namespace torchhub::server
