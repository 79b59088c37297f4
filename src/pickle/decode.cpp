#include "pickle/decode.h"

namespace torchhub::pickle {

std::optional<std::string> latin1_bytes(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      bytes += text[i];
    } else if ((lead == 0xC2 || lead == 0xC3) && i + 1 < text.size()) {
      ++i;
      bytes +=
          static_cast<char>(((lead & 0x03) << 6) | (static_cast<unsigned char>(text[i]) & 0x3F));
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

std::string latin1_text(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

Node* make_integer(Arena& arena, std::string_view bytes) {
  const auto is_negative = [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; };
  // The last byte is needless where the one before has the same sign.
  while (bytes.size() > 1 && (bytes.back() == '\0' || bytes.back() == '\xff') &&
         is_negative(bytes.back()) == is_negative(bytes[bytes.size() - 2])) {
    bytes.remove_suffix(1);
  }
  if (bytes.size() > 8) {
    Node* node = arena.make(NodeKind::big_integer);
    node->text = arena.keep(std::string(bytes));
    return node;
  }
  std::uint64_t value = !bytes.empty() && is_negative(bytes.back()) ? ~std::uint64_t{0} : 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  }
  Node* node = arena.make(NodeKind::integer);
  node->integer = static_cast<std::int64_t>(value);
  return node;
}

}  // namespace torchhub::pickle
