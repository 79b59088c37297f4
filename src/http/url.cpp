#include "torchhub/http/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace torchhub {
namespace {

bool is_unreserved(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::size_t end_of_authority(std::string_view url, std::size_t begin) {
  return std::min(url.find_first_of("/?#", begin), url.size());
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// "host" or "[v6]" and the port text after it, or nothing if it cannot be read.
struct HostAndPort {
  std::string_view host;
  std::string_view port;
};

std::optional<HostAndPort> split_authority(std::string_view authority) {
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    authority.remove_prefix(at + 1);
  }
  std::size_t end_of_host = authority.find(':');
  if (authority.starts_with('[')) {
    const auto bracket = authority.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    end_of_host = bracket + 1;
  }
  end_of_host = std::min(end_of_host, authority.size());
  const std::string_view host = authority.substr(0, end_of_host);
  std::string_view port = authority.substr(end_of_host);
  if (host.empty()) return std::nullopt;
  if (!port.empty()) {
    if (!port.starts_with(':')) return std::nullopt;
    port.remove_prefix(1);
    if (!port.empty() && !is_number(port)) return std::nullopt;
  }
  return HostAndPort{host, port};
}

}  // namespace

std::string percent_encode(std::string_view text, std::string_view safe) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || safe.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::string query_string(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    out += out.empty() ? '?' : '&';
    out += percent_encode(name) + "=" + percent_encode(value);
  }
  return out;
}

std::string origin_of(std::string_view url) {
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return "";
  const std::string scheme = lower(url.substr(0, colon));
  if (scheme != "http" && scheme != "https") return "";
  const std::size_t begin = colon + 3;
  const auto parts = split_authority(url.substr(begin, end_of_authority(url, begin) - begin));
  if (!parts) return "";
  const std::string_view port =
      !parts->port.empty() ? parts->port : std::string_view(scheme == "https" ? "443" : "80");
  return scheme + "://" + lower(parts->host) + ":" + std::string(port);
}

std::string resolve_url(std::string_view base, std::string_view location) {
  if (!origin_of(location).empty()) return std::string(location);
  const std::size_t begin = base.find("://") == std::string_view::npos ? 0 : base.find("://") + 3;
  if (location.starts_with("//")) {
    return std::string(base.substr(0, begin == 0 ? 0 : begin - 2)) + std::string(location);
  }
  const std::size_t path = end_of_authority(base, begin);
  if (location.starts_with('/')) {
    return std::string(base.substr(0, path)) + std::string(location);
  }
  const std::string_view without = without_query(base);
  if (location.starts_with('?')) return std::string(without) + std::string(location);
  const auto slash = without.rfind('/');
  const bool has_path = slash != std::string_view::npos && slash >= path;
  return std::string(has_path ? without.substr(0, slash + 1) : without) + (has_path ? "" : "/") +
         std::string(location);
}

std::string_view without_query(std::string_view url) {
  return url.substr(0, std::min(url.find_first_of("?#"), url.size()));
}

}  // namespace torchhub
