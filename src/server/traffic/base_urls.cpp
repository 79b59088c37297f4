#include "server/traffic/base_urls.h"

#include "server/accounts/account_store.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <string_view>

namespace torchhub::server {
namespace {

std::string_view scheme_of(std::string_view url) { return url.substr(0, url.find("://")); }

/// "hub.example.org:8443"; without the port that the scheme has anyway (RFC 9110 section 7.2),
/// which clients leave out.
std::string host_and_port(std::string_view scheme, std::string_view authority) {
  const std::string_view usual = scheme == "https" ? ":443" : ":80";
  if (authority.ends_with(usual)) authority.remove_suffix(usual.size());
  return folded(authority);
}

std::string host_of(std::string_view url) {
  const std::string_view scheme = scheme_of(url);
  const std::string_view rest = url.substr(scheme.size() + std::string_view("://").size());
  return host_and_port(scheme, rest.substr(0, rest.find('/')));
}

}  // namespace

const std::string* find_base_url(std::span<const std::string> urls, const HttpRequest& request,
                                 bool tls) {
  const std::string host = request.header("Host");
  // Whoever lies here chooses among the hub's own addresses, for himself.
  const std::string scheme = tls ? "https" : folded(request.header("X-Forwarded-Proto"));
  const std::string* found = nullptr;
  for (const std::string& url : urls) {
    if (host_of(url) != host_and_port(scheme_of(url), host)) continue;
    if (scheme_of(url) == scheme) return &url;
    if (found == nullptr) found = &url;
  }
  return found;
}

std::string checked_base_url(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (url.starts_with("http://") || url.starts_with("https://")) return url;
  throw InvalidArgumentError(
      fmt::format("base_url '{}' must start with http:// or https://.", url));
}

}  // namespace torchhub::server
