#include "server/http/file_answer.h"

#include "server/http/byte_range.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

/// Is `etag` in the list of an If-None-Match or If-Match header? Weak marks and quotes do not
/// count.
bool lists(std::string_view header, const std::string& etag) {
  return header == "*" || header.find("\"" + etag + "\"") != std::string_view::npos ||
         header == etag;
}

/// Range counts only if If-Range, when given, still names this file.
std::string range_header(const HttpRequest& request, const std::string& etag) {
  const auto condition = request.headers.get("If-Range");
  if (condition && !lists(*condition, etag)) return {};
  return request.header("Range");
}

HttpResponse part(const HttpRequest& request, FileContent content, std::uint64_t offset,
                  std::uint64_t size) {
  HttpResponse response;
  if (request.method == "HEAD") {
    response.body = BodySize{size};
  } else if (auto* text = std::get_if<std::string>(&content)) {
    response.body =
        offset == 0 && size == text->size() ? std::move(*text) : text->substr(offset, size);
  } else if (auto* file = std::get_if<OpenFile>(&content)) {
    response.body = FileBody{std::move(*file), offset, size};
  }
  return response;
}

}  // namespace

HttpResponse answer_with_file(const HttpRequest& request, FileToSend file, FileContent content) {
  Headers headers = std::move(file.headers);
  headers.set("ETag", "\"" + file.etag + "\"");
  headers.set("Accept-Ranges", "bytes");
  const auto if_none_match = request.headers.get("If-None-Match");
  if (if_none_match && lists(*if_none_match, file.etag)) return {304, std::move(headers)};
  const auto if_match = request.headers.get("If-Match");
  if (if_match && !lists(*if_match, file.etag)) return {412, std::move(headers)};

  const auto range = parse_range(range_header(request, file.etag), file.size);
  if (const auto* bytes = std::get_if<ByteRange>(&range)) {
    headers.set("Content-Range",
                fmt::format("bytes {}-{}/{}", bytes->first, bytes->last, file.size));
    HttpResponse response =
        part(request, std::move(content), bytes->first, bytes->last - bytes->first + 1);
    response.status = 206;
    response.headers = std::move(headers);
    return response;
  }
  const bool unsatisfiable = std::holds_alternative<UnsatisfiableRange>(range);
  if (unsatisfiable) headers.set("Content-Range", fmt::format("bytes */{}", file.size));
  // The JavaScript client asks every file for bytes 0-0 and fails on 416 for an empty one.
  if (unsatisfiable && file.size > 0) return {416, std::move(headers)};
  HttpResponse response = part(request, std::move(content), 0, file.size);
  response.headers = std::move(headers);
  return response;
}

}  // namespace torchhub::server
