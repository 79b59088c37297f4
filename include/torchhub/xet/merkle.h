#pragma once

#include "torchhub/xet/hash.h"

#include <cstdint>
#include <span>
#include <vector>

namespace torchhub::xet {

/// A chunk in a list of chunks: its hash, and how many bytes it has uncompressed.
struct ChunkId {
  Hash hash;
  std::uint32_t length = 0;

  friend bool operator==(const ChunkId&, const ChunkId&) = default;
};

/// The root of the Merkle tree over a list of chunks, whose groups end where the hashes say. Takes
/// the list piece by piece, and keeps a few dozen hashes of it at a time.
class MerkleTree {
 public:
  void add(const Hash& hash, std::uint64_t size);
  void add(const ChunkId& chunk) { add(chunk.hash, chunk.length); }
  /// Of all that was added: the xorb's hash if these are the chunks of a xorb. Zero for none. May
  /// be asked once.
  Hash root();

 private:
  struct Node {
    Hash hash;
    std::uint64_t size = 0;
  };
  struct Level {
    std::vector<Node> open = {};  ///< The members of the group that has no end yet.
    bool has_groups = false;      ///< Before these.
  };
  void add(std::size_t level, const Node& node);
  void close_group(std::size_t level);

  std::vector<Level> levels_;
};

Hash merkle_root(std::span<const ChunkId> chunks);

}  // namespace torchhub::xet
