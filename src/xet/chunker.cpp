#include "torchhub/xet/chunker.h"

#include "xet/gear_table.h"

#include <algorithm>

namespace torchhub::xet {
namespace {

constexpr std::uint64_t kMask = 0xFFFF'0000'0000'0000;  // zero once in 64 KiB
/// The hash depends on the last 64 bytes alone: what lies further before the first place where a
/// chunk may end need not be looked at.
constexpr std::size_t kUnseenBytes = kMinCutBytes - 64;

}  // namespace

std::optional<std::size_t> Chunker::cut(std::span<const std::byte> block) {
  const std::size_t unseen = size_ < kUnseenBytes ? kUnseenBytes - size_ : 0;
  const std::size_t limit = std::min(block.size(), kMaxChunkBytes - size_);
  std::uint64_t rolling = rolling_;
  for (std::size_t i = std::min(unseen, limit); i < limit; ++i) {
    rolling = (rolling << 1U) + kGearTable[std::to_integer<std::size_t>(block[i])];
    // Clients that cut wherever the hash says, and so before it has seen 64 bytes, cut elsewhere.
    if ((rolling & kMask) == 0 && size_ + i + 1 >= kMinCutBytes) {
      *this = {};
      return i + 1;
    }
  }
  if (size_ + limit == kMaxChunkBytes) {
    *this = {};
    return limit;
  }
  rolling_ = rolling;
  size_ += limit;
  return std::nullopt;
}

std::vector<ChunkId> chunks_of(std::span<const std::byte> file) {
  std::vector<ChunkId> out;
  Chunker chunker;
  while (!file.empty()) {
    const std::size_t size = chunker.cut(file).value_or(file.size());
    out.push_back({chunk_hash(file.first(size)), static_cast<std::uint32_t>(size)});
    file = file.subspan(size);
  }
  return out;
}

}  // namespace torchhub::xet
