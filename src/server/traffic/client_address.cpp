#include "server/traffic/client_address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <string_view>

namespace torchhub::server {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view address) {
  return std::find(list.begin(), list.end(), address) != list.end();
}

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

}  // namespace

std::string client_address(const HttpRequest& request, const std::vector<std::string>& proxies) {
  std::string address = request.remote_address;
  if (!contains(proxies, address)) return address;
  std::string hops;
  for (const auto& [name, value] : request.headers.fields()) {
    Headers one{{name, value}};
    if (one.get("X-Forwarded-For")) hops += (hops.empty() ? "" : ",") + value;
  }
  // From the right: what a client itself wrote stands on the left.
  for (std::string_view rest = hops; !rest.empty();) {
    const std::size_t comma = rest.rfind(',');
    const std::string_view hop = without_blanks(comma == rest.npos ? rest : rest.substr(comma + 1));
    if (hop.empty()) break;
    address = hop;
    if (!contains(proxies, hop) || comma == rest.npos) break;
    rest = rest.substr(0, comma);
  }
  return address;
}

std::string network_of(std::string_view address) {
  std::string text(address);
  constexpr std::string_view kMapped = "::ffff:";
  if (text.starts_with(kMapped)) text.erase(0, kMapped.size());
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size() / 2};
}

bool is_loopback_text(const std::string& address) {
  return address.empty() || address == "unix" || address == "::1" || address.starts_with("127.");
}

}  // namespace torchhub::server
