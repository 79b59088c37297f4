#include "torchhub/xet/hash.h"

#include "torchhub/xet/blake3.h"
#include "xet/keys.h"

#include <cstring>

namespace torchhub::xet {
namespace {

/// The byte that two hex digits of the text at `2 * i` stand for, the other way round in each word.
constexpr std::size_t place_in_bytes(std::size_t i) { return i / 8 * 8 + 7 - i % 8; }

std::optional<unsigned> digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

}  // namespace

std::string Hash::text() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = std::to_integer<unsigned>(bytes[place_in_bytes(i)]);
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

std::optional<Hash> Hash::parse(std::string_view text) {
  Hash out;
  if (text.size() != 2 * out.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < out.bytes.size(); ++i) {
    const auto high = digit_of(text[2 * i]);
    const auto low = digit_of(text[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    out.bytes[place_in_bytes(i)] = static_cast<std::byte>(*high << 4U | *low);
  }
  return out;
}

std::uint64_t Hash::word(std::size_t i) const {
  std::uint64_t out = 0;
  std::memcpy(&out, bytes.data() + 8 * i, sizeof out);
  return out;
}

std::strong_ordering operator<=>(const Hash& a, const Hash& b) {
  for (std::size_t i = 0; i < 4; ++i) {
    if (const auto order = a.word(i) <=> b.word(i); order != 0) return order;
  }
  return std::strong_ordering::equal;
}

Hash keyed(const Blake3::Key& key, std::span<const std::byte> message) {
  Blake3 blake(key);
  blake.update(message);
  return {blake.output()};
}

Hash chunk_hash(std::span<const std::byte> bytes) { return keyed(kDataKey, bytes); }

Hash file_hash(const Hash& merkle_root) {
  if (merkle_root.is_zero()) return {};
  return keyed(Blake3::Key{}, merkle_root.bytes);
}

Hash verification_hash(std::span<const Hash> chunks) {
  Blake3 blake(kVerificationKey);
  for (const Hash& chunk : chunks) blake.update(chunk.bytes);
  return {blake.output()};
}

Hash keyed_chunk_hash(const Hash& chunk, const Hash& key) { return keyed(key.bytes, chunk.bytes); }

}  // namespace torchhub::xet
