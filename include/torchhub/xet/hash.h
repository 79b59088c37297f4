#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace torchhub::xet {

/// 32 bytes as the Xet protocol writes them: raw in files, and as a text whose groups of eight
/// bytes read backwards. The order is that of the texts.
struct Hash {
  std::array<std::byte, 32> bytes{};

  /// 64 lower-case hex digits.
  std::string text() const;
  /// Nothing for anything but such a text. Also reads the usual hex of a SHA-256, which shards hold
  /// in this form.
  static std::optional<Hash> parse(std::string_view text);

  /// Bytes 8 * i and the seven behind, as a little-endian number. @param i 0 to 3
  std::uint64_t word(std::size_t i) const;
  bool is_zero() const { return *this == Hash{}; }

  friend bool operator==(const Hash&, const Hash&) = default;
  friend std::strong_ordering operator<=>(const Hash& a, const Hash& b);
};

/// The hash of a chunk's bytes.
Hash chunk_hash(std::span<const std::byte> bytes);
/// The hash of a whole file from the Merkle root over its chunks; zero for the file without any.
Hash file_hash(const Hash& merkle_root);
/// Shows that its maker knows the hashes of these chunks, and not only that of their xorb.
Hash verification_hash(std::span<const Hash> chunks);
/// A chunk's hash for who knows `key` or the chunk.
Hash keyed_chunk_hash(const Hash& chunk, const Hash& key);

}  // namespace torchhub::xet

template <>
struct std::hash<torchhub::xet::Hash> {
  std::size_t operator()(const torchhub::xet::Hash& hash) const noexcept { return hash.word(0); }
};
