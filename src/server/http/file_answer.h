#pragma once

#include "server/http/request.h"
#include "server/http/response.h"

#include <cstdint>
#include <string>
#include <variant>

namespace torchhub::server {

/// A file that a GET or HEAD asks for.
struct FileToSend {
  std::string etag;  ///< Without quotes.
  std::uint64_t size = 0;
  Headers headers = {};  ///< Go on every answer, 304 and 416 included.
};

/// Where its bytes are. For HEAD it may hold nothing.
using FileContent = std::variant<std::monostate, std::string, OpenFile>;

/// 200, 206, 304, 412 or 416, by Range, If-None-Match, If-Match and If-Range.
HttpResponse answer_with_file(const HttpRequest& request, FileToSend file, FileContent content);

}  // namespace torchhub::server
