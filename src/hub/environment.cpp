#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using Environment = HubOptions::Environment;

std::string stripped(std::string_view text) {
  const auto is_blank = [](unsigned char c) { return std::isspace(c) != 0; };
  while (!text.empty() && is_blank(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && is_blank(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return std::string(text);
}

/// Set and not empty, as Python's `os.getenv(...) or default` reads it.
std::optional<std::string> set(const Environment& environment, const std::string& name) {
  auto value = environment(name);
  if (value && !value->empty()) return value;
  return std::nullopt;
}

bool is_true(const Environment& environment, const std::string& name) {
  std::string word = environment(name).value_or("");
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  constexpr std::array<std::string_view, 4> kTrue = {"1", "ON", "YES", "TRUE"};
  return std::find(kTrue.begin(), kTrue.end(), word) != kTrue.end();
}

/// `~` at the start and `$NAME` or `${NAME}` anywhere, as expanduser and expandvars do.
fs::path expanded(const Environment& environment, const std::string& text) {
  std::string path = text;
  if (path == "~" || path.starts_with("~/")) {
    path = environment("HOME").value_or("~") + path.substr(1);
  }
  std::string out;
  for (std::size_t i = 0; i < path.size();) {
    const bool braced = path.compare(i, 2, "${") == 0;
    const std::size_t begin = i + (braced ? 2 : 1);
    std::size_t end = begin;
    while (end < path.size() &&
           (std::isalnum(static_cast<unsigned char>(path[end])) != 0 || path[end] == '_')) {
      ++end;
    }
    const bool closed = !braced || (end < path.size() && path[end] == '}');
    const auto value = path[i] == '$' && end > begin && closed
                           ? environment(path.substr(begin, end - begin))
                           : std::nullopt;
    if (value) {
      out += *value;
      i = end + (braced ? 1 : 0);
    } else {
      out += path[i++];
    }
  }
  return out;
}

std::chrono::milliseconds seconds_from(const Environment& environment, const std::string& name,
                                       std::chrono::milliseconds fallback) {
  const auto text = set(environment, name);
  if (!text) return fallback;
  int value = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc{} || stop != end || value <= 0) {
    throw InvalidArgumentError(
        fmt::format("{} is '{}'. Give a whole number of seconds above 0.", name, *text));
  }
  return std::chrono::seconds(value);
}

fs::path hf_home(const Environment& environment) {
  if (const auto home = set(environment, "HF_HOME")) return expanded(environment, *home);
  if (const auto xdg = set(environment, "XDG_CACHE_HOME")) {
    return expanded(environment, *xdg) / "huggingface";
  }
  return expanded(environment, "~/.cache/huggingface");
}

std::optional<std::string> token_from(const Environment& environment, const fs::path& home) {
  if (is_true(environment, "HF_HUB_DISABLE_IMPLICIT_TOKEN")) return std::nullopt;
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    const std::string token = stripped(environment(name).value_or(""));
    if (!token.empty()) return token;
  }
  const auto set_path = set(environment, "HF_TOKEN_PATH");
  const fs::path path = set_path ? expanded(environment, *set_path) : home / "token";
  std::error_code ignored;  // a folder that may not be entered: as if there were no token
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  const std::string token = stripped(read_file(path));
  return token.empty() ? std::nullopt : std::optional(token);
}

}  // namespace

HubOptions HubOptions::from_environment() {
  return from_environment([](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  });
}

HubOptions HubOptions::from_environment(const Environment& environment) {
  HubOptions options;
  const fs::path home = hf_home(environment);
  if (const auto endpoint = set(environment, "HF_ENDPOINT")) options.endpoint = stripped(*endpoint);
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  options.token = token_from(environment, home);

  options.cache_dir = home / "hub";
  for (const char* name : {"HUGGINGFACE_HUB_CACHE", "HF_HUB_CACHE"}) {
    if (const auto cache = set(environment, name))
      options.cache_dir = expanded(environment, *cache);
  }
  options.offline =
      is_true(environment, "HF_HUB_OFFLINE") || is_true(environment, "TRANSFORMERS_OFFLINE");
  options.etag_timeout = seconds_from(environment, "HF_HUB_ETAG_TIMEOUT", options.etag_timeout);
  options.stall_timeout =
      seconds_from(environment, "HF_HUB_DOWNLOAD_TIMEOUT", options.stall_timeout);
  options.use_symlinks = !is_true(environment, "HF_HUB_DISABLE_SYMLINKS");
  options.user_agent_origin = environment("HF_HUB_USER_AGENT_ORIGIN").value_or("");
  if (const auto bundle = set(environment, "SSL_CERT_FILE")) options.ca_file = *bundle;
  return options;
}

}  // namespace torchhub
