#include "hub/clean_text.h"

#include <algorithm>
#include <cctype>

namespace torchhub {
namespace {

constexpr std::string_view kHubToken = "hf_";

/// Length of what begins like a token of the Hub, or 0: short words such as hf_hub are none.
std::size_t length_of_hub_token(std::string_view text) {
  constexpr std::size_t kShortest = 21;
  if (!text.starts_with(kHubToken)) return 0;
  std::size_t end = kHubToken.size();
  while (end < text.size() && std::isalnum(static_cast<unsigned char>(text[end])) != 0) ++end;
  return end < kShortest ? 0 : end;
}

/// Length of the secret that `text` begins with, or 0. A self-hosted Hub's tokens look as they
/// like, so ours is known by its value alone.
std::size_t length_of_secret(std::string_view text, const std::optional<std::string>& token) {
  const bool ours = token && !token->empty() && text.starts_with(*token);
  return std::max(ours ? token->size() : 0, length_of_hub_token(text));
}

}  // namespace

std::string clean_text(std::string_view text, const std::optional<std::string>& token) {
  constexpr std::size_t kLongest = 500;
  std::string out;
  while (!text.empty() && out.size() < kLongest) {
    if (const std::size_t secret = length_of_secret(text, token); secret > 0) {
      out += text.starts_with(kHubToken) ? "hf_****" : "****";
      text.remove_prefix(secret);
      continue;
    }
    const auto c = static_cast<unsigned char>(text.front());
    out += c < 0x20 || c == 0x7f ? ' ' : text.front();
    text.remove_prefix(1);
  }
  while (out.ends_with(' ') || out.ends_with('.')) out.pop_back();
  return out;
}

}  // namespace torchhub
