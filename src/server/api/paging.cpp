#include "server/api/paging.h"

#include "server/http/api_error.h"
#include "torchhub/http/url.h"

#include <fmt/format.h>

#include <charconv>

namespace torchhub::server {

std::size_t query_number(const HttpRequest& request, std::string_view name, std::size_t otherwise) {
  const auto text = request.query_value(name);
  if (!text || text->empty()) return otherwise;
  std::size_t value = 0;
  const char* end = text->data() + text->size();
  const auto result = std::from_chars(text->data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) {
    throw ApiError(400, fmt::format("'{}' must be a whole number.", name));
  }
  return value;
}

void add_next_link(HttpResponse& response, const HttpRequest& request, const std::string& base_url,
                   const std::string& name, const std::string& value) {
  std::vector<std::pair<std::string, std::string>> query = request.query;
  std::erase_if(query, [&](const auto& pair) { return pair.first == name; });
  query.emplace_back(name, value);
  response.headers.set("Link", fmt::format("<{}{}{}>; rel=\"next\"", base_url, request.raw_path,
                                           query_string(query)));
}

}  // namespace torchhub::server
