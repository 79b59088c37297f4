#include "torchhub/base/utf8.h"

#include <algorithm>
#include <cstddef>

namespace torchhub {
namespace {

struct Lead {
  std::size_t length;  // of the whole character; 0 if no character starts like this
  unsigned char low;   // bounds of the second byte; the others are 80..BF
  unsigned char high;
};

/// Unicode 15, table 3-7.
Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

/// Bytes of the character at the head of `text`; 0 if it is not one.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const Lead lead = lead_of(byte(0));
  if (lead.length > text.size()) return 0;
  if (lead.length > 1 && (byte(1) < lead.low || byte(1) > lead.high)) return 0;
  for (std::size_t i = 2; i < lead.length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return lead.length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string_view first_characters(std::string_view text, std::size_t most) {
  std::size_t end = 0;
  for (std::size_t count = 0; count < most && end < text.size(); ++count) {
    end += std::max<std::size_t>(character_length(text.substr(end)), 1);
  }
  return text.substr(0, end);
}

std::string_view first_bytes(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  constexpr std::size_t kLongest = 4;
  for (std::size_t end = most - std::min(most, kLongest - 1); end < most; ++end) {
    if (end + character_length(text.substr(end)) > most) return text.substr(0, end);
  }
  return text.substr(0, most);
}

}  // namespace torchhub
