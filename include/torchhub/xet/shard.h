#pragma once

#include "torchhub/xet/hash.h"
#include "torchhub/xet/merkle.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace torchhub::xet {

inline constexpr std::size_t kMaxShardBytes = std::size_t{64} << 20;

/// A piece of a file: some neighbours of a xorb.
struct Term {
  Hash xorb;
  std::uint32_t bytes = 0;  ///< Unpacked.
  std::uint32_t start = 0;  ///< The first chunk.
  std::uint32_t end = 0;    ///< The chunk behind the last.
  /// verification_hash() of the chunks. All files of a shard have them, or none.
  std::optional<Hash> verification = std::nullopt;

  friend bool operator==(const Term&, const Term&) = default;
};

/// A file that is to be registered.
struct ShardFile {
  Hash hash;  ///< file_hash()
  std::vector<Term> terms;
  /// Lower-case hex, as everywhere but in the shard's bytes.
  std::optional<std::string> sha256 = std::nullopt;

  friend bool operator==(const ShardFile&, const ShardFile&) = default;
};

/// What a shard tells of a xorb.
struct ShardXorb {
  Hash hash;
  std::uint32_t packed_bytes = 0;  ///< Often 0; not to be relied on.
  std::vector<ChunkId> chunks;
  /// Bit 31 of a chunk's flags, where the server may be asked for that chunk. Empty for none.
  std::vector<bool> global = {};

  friend bool operator==(const ShardXorb&, const ShardXorb&) = default;
};

/// What only shards that are kept, or that a server answers with, have.
struct ShardFooter {
  Hash key = {};  ///< Zero, or the key of keyed_chunk_hash() that the chunk hashes are under.
  std::uint64_t created = 0;  ///< Unix seconds.
  std::uint64_t expires = ~std::uint64_t{0};

  friend bool operator==(const ShardFooter&, const ShardFooter&) = default;
};

struct Shard {
  std::vector<ShardFile> files;
  std::vector<ShardXorb> xorbs;
  std::optional<ShardFooter> footer = std::nullopt;

  friend bool operator==(const Shard&, const Shard&) = default;
};

/// Reads a stranger's shard, with or without lookup tables and footer; needs memory in proportion
/// to the bytes that are there, whatever they claim. @throws XetError, in half a sentence
Shard parse_shard(std::span<const std::byte> bytes);

/// In the form that clients send, without lookup tables: with the footer if there is one.
std::vector<std::byte> encode_shard(const Shard& shard);

}  // namespace torchhub::xet
