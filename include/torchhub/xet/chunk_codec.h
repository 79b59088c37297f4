#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace torchhub::xet {

/// How a chunk is packed.
enum class Scheme : std::uint8_t {
  none = 0,
  lz4 = 1,     ///< An LZ4 frame.
  bg4_lz4 = 2  ///< Every fourth byte together, then an LZ4 frame: for 16- and 32-bit numbers.
};

/// The eight bytes before a chunk in a xorb.
struct ChunkHeader {
  static constexpr std::size_t kBytes = 8;

  Scheme scheme = Scheme::none;
  std::uint32_t packed_bytes = 0;
  std::uint32_t raw_bytes = 0;

  /// @throws XetError for an unknown version or scheme, and lengths beyond the limits
  static ChunkHeader parse(std::span<const std::byte, kBytes> bytes);
  std::array<std::byte, kBytes> encode() const;
};

/// Unpacks chunks. Keeps its memory from chunk to chunk, some 10 MB at most. One thread at a time.
class ChunkDecoder {
 public:
  ChunkDecoder();
  ~ChunkDecoder();
  ChunkDecoder(ChunkDecoder&&) noexcept;
  ChunkDecoder& operator=(ChunkDecoder&&) noexcept;

  /// The chunk's bytes, good until the next call. @throws XetError if it is damaged
  std::span<const std::byte> decode(const ChunkHeader& header, std::span<const std::byte> packed);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Header and packed bytes of a chunk. Falls back to Scheme::none where the scheme saves nothing.
std::vector<std::byte> encode_chunk(std::span<const std::byte> raw, Scheme scheme);

}  // namespace torchhub::xet
