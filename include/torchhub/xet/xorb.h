#pragma once

#include "torchhub/xet/chunker.h"
#include "torchhub/xet/hash.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace torchhub::xet {

inline constexpr std::size_t kMaxPackedChunkBytes = 262144;  ///< Without the header.
inline constexpr std::size_t kMaxXorbChunks = 8192;
/// What a writer stays under, in bytes of a whole xorb.
inline constexpr std::size_t kMaxXorbBytes = std::size_t{64} << 20;
/// What a reader takes: hf_xet counts bytes before they are packed, and headers come on top.
inline constexpr std::size_t kMaxReadXorbBytes = kMaxXorbBytes + (std::size_t{1} << 20);

/// Where a chunk of a xorb is.
struct XorbChunk {
  Hash hash;
  std::uint32_t packed_end = 0;  ///< In the xorb, headers included.
  std::uint32_t raw_end = 0;     ///< In the chunks put together.

  friend bool operator==(const XorbChunk&, const XorbChunk&) = default;
};

/// What a xorb holds, without its bytes.
struct XorbTable {
  Hash hash;  ///< The Merkle root.
  std::vector<XorbChunk> chunks;

  std::uint32_t packed_start(std::size_t chunk) const {
    return chunk == 0 ? 0 : chunks[chunk - 1].packed_end;
  }
  std::uint32_t raw_start(std::size_t chunk) const {
    return chunk == 0 ? 0 : chunks[chunk - 1].raw_end;
  }
  std::uint32_t raw_size(std::size_t chunk) const {
    return chunks[chunk].raw_end - raw_start(chunk);
  }
  /// Without a footer.
  std::uint32_t packed_bytes() const { return packed_start(chunks.size()); }

  friend bool operator==(const XorbTable&, const XorbTable&) = default;
};

}  // namespace torchhub::xet
