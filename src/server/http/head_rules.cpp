#include "server/http/head_rules.h"

#include "server/http/api_error.h"

#include <algorithm>
#include <cctype>

namespace torchhub::server {
namespace {

[[noreturn]] void refuse_head(const char* what) {
  throw ApiError(400, std::string("This is not a request that HTTP/1.1 allows: ") + what + ".");
}

std::size_t count_of(const HttpRequest& request, std::string_view name) {
  const auto& fields = request.headers.fields();
  return static_cast<std::size_t>(std::count_if(fields.begin(), fields.end(), [&](const auto& f) {
    return std::equal(f.first.begin(), f.first.end(), name.begin(), name.end(),
                      [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
  }));
}

bool is_chunked(std::string_view coding) {
  constexpr std::string_view kChunked = "chunked";
  return std::equal(coding.begin(), coding.end(), kChunked.begin(), kChunked.end(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

}  // namespace

void need_head_within_limits(std::string_view head, const HttpOptions& options) {
  if (std::min(head.find('\n'), head.size()) > options.max_request_line_bytes) {
    throw ApiError(414, "The request line is longer than 8 KiB.");
  }
  if (head.size() > options.max_head_bytes) {
    throw ApiError(431, "The request's headers are longer than 32 KiB.");
  }
  const auto lines = static_cast<std::size_t>(std::count(head.begin(), head.end(), '\n'));
  constexpr std::size_t kLineAndEnd = 2;
  if (lines > options.max_header_lines + kLineAndEnd) {
    throw ApiError(431, "The request has more than 100 headers.");
  }
}

void need_unambiguous_lines(std::string_view head) {
  for (std::size_t at = head.find_first_of("\r\n"); at != std::string_view::npos;
       at = head.find_first_of("\r\n", at + 2)) {
    if (head.substr(at, 2) != "\r\n") refuse_head("a line must end in CR LF");
    const char next = at + 2 < head.size() ? head[at + 2] : '\0';
    if (next == ' ' || next == '\t') refuse_head("a header must not be folded over two lines");
  }
}

void refuse_version() { throw ApiError(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."); }

void need_one_meaning(const HttpRequest& request, unsigned version) {
  constexpr unsigned kOneOne = 11;
  if (version != kOneOne && version != kOneOne - 1) refuse_version();
  const std::size_t hosts = count_of(request, "host");
  if (hosts > 1 || (hosts == 0 && version == kOneOne)) refuse_head("it needs exactly one Host");
  const std::size_t lengths = count_of(request, "content-length");
  const std::size_t codings = count_of(request, "transfer-encoding");
  if (lengths + codings > 1) refuse_head("it gives its body's length twice");
  if (codings == 0) return;
  if (version != kOneOne) refuse_head("HTTP/1.0 has no Transfer-Encoding");
  if (!is_chunked(request.header("Transfer-Encoding"))) {
    refuse_head("the only transfer coding known here is chunked");
  }
}

}  // namespace torchhub::server
