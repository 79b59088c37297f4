#include "server/http/compress.h"

#include <zlib.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>

namespace torchhub::server {
namespace {

constexpr std::size_t kWorthIt = 1024;

/// Is gzip in the list, and not with the weight 0? (RFC 9110 section 12.5.3)
bool takes_gzip(std::string_view header) {
  while (!header.empty()) {
    std::string_view item = header.substr(0, header.find(','));
    header.remove_prefix(std::min(item.size() + 1, header.size()));
    std::string text(item);
    std::erase_if(text, [](char c) { return c == ' ' || c == '\t'; });
    if (text == "gzip" || (text.starts_with("gzip;q=") && text != "gzip;q=0" &&
                           text.find_first_not_of("0.", text.find('=') + 1) != text.npos)) {
      return true;
    }
  }
  return false;
}

bool is_text(const HttpResponse& response) {
  const std::string type = response.headers.get("Content-Type").value_or("");
  return type.starts_with("application/json") || type.starts_with("text/") ||
         type.starts_with("application/vnd.git-lfs+json");
}

/// Empty if zlib refuses.
std::string gzip(const std::string& text) {
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;
  constexpr int kMemoryLevel = 8;
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzip, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return {};
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(result == Z_STREAM_END ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

}  // namespace

void compress_if_wanted(const HttpRequest& request, HttpResponse& response) {
  auto* body = std::get_if<std::string>(&response.body);
  if (body == nullptr || body->size() < kWorthIt || !is_text(response)) return;
  for (const char* name : {"ETag", "Content-Range", "Content-Encoding"}) {
    if (response.headers.get(name)) return;
  }
  response.headers.set("Vary", "Accept-Encoding");
  if (!takes_gzip(request.header("Accept-Encoding"))) return;
  std::string small = gzip(*body);
  if (small.empty() || small.size() >= body->size()) return;
  *body = std::move(small);
  response.headers.set("Content-Encoding", "gzip");
}

}  // namespace torchhub::server
