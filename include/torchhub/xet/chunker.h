#pragma once

#include "torchhub/xet/merkle.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace torchhub::xet {

inline constexpr std::size_t kMinCutBytes = 8192;      ///< Of a chunk that is not a file's last.
inline constexpr std::size_t kMaxChunkBytes = 131072;  ///< Of any chunk.

/// Cuts a file into chunks where its content says, so that a change moves few cuts. Takes the file
/// block by block; where it cuts does not depend on the blocks.
class Chunker {
 public:
  /// How many bytes of `block` the current chunk takes to its end; nothing if it takes all of them
  /// and goes on. The next call gets what follows. What is open at the end of a file is its last
  /// chunk.
  std::optional<std::size_t> cut(std::span<const std::byte> block);

 private:
  std::uint64_t rolling_ = 0;
  std::size_t size_ = 0;  ///< Of the current chunk so far.
};

/// The chunks of a whole file.
std::vector<ChunkId> chunks_of(std::span<const std::byte> file);

}  // namespace torchhub::xet
