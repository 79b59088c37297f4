#pragma once

#include "torchhub/http/message.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace torchhub::server {

/// What is found out about a request while it is answered.
struct RequestNotes {
  std::string user_id = {};  ///< Of the account that asks; for the access log.
  Headers headers = {};      ///< For the answer, whatever it says.
  /// It has a token, and no quota counts it until that is known to be one.
  bool is_uncounted = false;
};

/// A request whose head is in and whose body is not.
struct HttpRequest {
  std::string method;
  std::string raw_path;             ///< As sent, still percent-encoded, without the query.
  std::string raw_target = {};      ///< As sent, with the query.
  std::string remote_address = {};  ///< Of the client, without its port.
  /// Names and values decoded; a name's "[]" at the end is cut off.
  std::vector<std::pair<std::string, std::string>> query = {};
  Headers headers = {};
  std::string id = {};      ///< X-Request-Id of the answer; the client's own if it sent one.
  std::string own_id = {};  ///< Made here, so no other request has it.
  std::optional<std::uint64_t> content_length = std::nullopt;
  bool chunked = false;
  std::string route = {};           ///< The pattern that matched; empty for none.
  mutable RequestNotes notes = {};  ///< Handlers add to it, on the connection's thread.
  /// What the route's pattern took from the path, decoded.
  std::map<std::string, std::string, std::less<>> captures = {};

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  std::string header(std::string_view name) const { return headers.get(name).value_or(""); }
  const std::string& capture(std::string_view name) const;
  /// The first value of that name.
  std::optional<std::string> query_value(std::string_view name) const;
  /// Every value of that name, split at commas.
  std::vector<std::string> query_list(std::string_view name) const;
  /// true, True and 1.
  bool query_flag(std::string_view name) const;
};

/// Splits "/path?query" and decodes the query.
/// @throws ApiError 400 for a bad percent code or a NUL
void parse_target(std::string_view target, HttpRequest& request);

/// @throws ApiError 400 for a bad percent code, a NUL or text that is not UTF-8
std::string decode_strictly(std::string_view encoded);

}  // namespace torchhub::server
