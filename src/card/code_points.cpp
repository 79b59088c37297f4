#include "card/code_points.h"

#include "torchhub/base/utf8.h"
#include "torchhub/card/errors.h"

#include <algorithm>
#include <cstdint>

namespace torchhub::card {

void require_utf8(std::string_view text) {
  if (!is_utf8(text)) {
    throw ModelCardError("Text of a model card is not UTF-8. Save the file as UTF-8.");
  }
}

std::size_t find_unprintable(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = byte(i);
    if (c < 0x20 ? c != '\t' && c != '\n' && c != '\r' : c == 0x7F) return i;
    if (c == 0xC2 && byte(i + 1) < 0xA0 && byte(i + 1) != 0x85) return i;
    if (c == 0xEF && byte(i + 1) == 0xBF && byte(i + 2) >= 0xBE) return i;  // U+FFFE, U+FFFF
  }
  return std::string_view::npos;
}

std::u32string code_points(std::string_view text) {
  require_utf8(text);
  std::u32string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) == 0x80U) {
      out.back() = (out.back() << 6) | (byte & 0x3FU);
    } else if (byte < 0x80) {
      out.push_back(byte);
    } else {
      out.push_back(byte < 0xE0 ? byte & 0x1FU : byte < 0xF0 ? byte & 0x0FU : byte & 0x07U);
    }
  }
  return out;
}

void append_utf8(std::string& out, char32_t c) {
  const auto byte = [&out](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0U | (c >> 6));
    byte(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    byte(0xE0U | (c >> 12));
    byte(0x80U | ((c >> 6) & 0x3FU));
    byte(0x80U | (c & 0x3FU));
  } else {
    byte(0xF0U | (c >> 18));
    byte(0x80U | ((c >> 12) & 0x3FU));
    byte(0x80U | ((c >> 6) & 0x3FU));
    byte(0x80U | (c & 0x3FU));
  }
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace torchhub::card
