#include "server/http/request.h"

#include "server/http/api_error.h"
#include "torchhub/base/utf8.h"
#include "torchhub/http/url.h"

#include <algorithm>
#include <cctype>

namespace torchhub::server {
namespace {

bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

bool has_bad_percent_code(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) return true;
  }
  return false;
}

std::string form_decode(std::string_view text) {
  std::string blanks(text);
  std::replace(blanks.begin(), blanks.end(), '+', ' ');
  return decode_strictly(blanks);
}

}  // namespace

std::string decode_strictly(std::string_view encoded) {
  if (has_bad_percent_code(encoded)) {
    throw ApiError(400, "The address has a '%' that no two hex digits follow.");
  }
  std::string text = percent_decode(encoded);
  if (text.find('\0') != std::string::npos || !is_utf8(text)) {
    throw ApiError(400, "The address holds a NUL or is not UTF-8.");
  }
  return text;
}

void parse_target(std::string_view target, HttpRequest& request) {
  // The absolute form, which proxies send (RFC 9112 section 3.2.2): only its path counts here.
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(std::min(target.find('/', scheme.size()), target.size()));
    if (target.empty()) target = "/";
    break;
  }
  const std::size_t mark = std::min(target.find('?'), target.size());
  request.raw_path = target.substr(0, mark);
  std::string_view rest = mark < target.size() ? target.substr(mark + 1) : std::string_view();
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string name = form_decode(pair.substr(0, equals));
    if (name.ends_with("[]")) name.resize(name.size() - 2);
    request.query.emplace_back(std::move(name), equals < pair.size()
                                                    ? form_decode(pair.substr(equals + 1))
                                                    : std::string());
  }
}

const std::string& HttpRequest::capture(std::string_view name) const {
  static const std::string kNone;
  const auto found = captures.find(name);
  return found == captures.end() ? kNone : found->second;
}

std::optional<std::string> HttpRequest::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string> HttpRequest::query_list(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [key, value] : query) {
    if (key != name) continue;
    for (std::size_t start = 0; start <= value.size();) {
      const std::size_t end = std::min(value.find(',', start), value.size());
      if (end > start) out.push_back(value.substr(start, end - start));
      start = end + 1;
    }
  }
  return out;
}

bool HttpRequest::query_flag(std::string_view name) const {
  const std::string value = query_value(name).value_or("");
  return value == "true" || value == "True" || value == "1";
}

}  // namespace torchhub::server
