#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace torchhub {

/// Percent-encodes everything but letters, digits and `-._~`, and the characters of `safe`.
std::string percent_encode(std::string_view text, std::string_view safe = "");

/// Undoes percent-encoding; a `%` that no two hex digits follow stays as it is.
std::string percent_decode(std::string_view text);

/// Encodes each part of a path and keeps its slashes.
inline std::string encode_path(std::string_view path) { return percent_encode(path, "/"); }

/// "?a=1&b=2", values encoded; empty if there are none.
std::string query_string(const std::vector<std::pair<std::string, std::string>>& parameters);

/// "scheme://host:port" in lower case, the default port written out: what "the same origin" means.
/// Empty for anything that is not an absolute http or https URL.
std::string origin_of(std::string_view url);

/// `location` as seen from `base`: absolute URLs as they are, "/path?query" with base's origin.
std::string resolve_url(std::string_view base, std::string_view location);

/// The URL without its query, for messages: signed links carry their secret there.
std::string_view without_query(std::string_view url);

}  // namespace torchhub
