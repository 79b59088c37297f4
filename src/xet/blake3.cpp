#include "torchhub/xet/blake3.h"

#include "xet/blake3_lanes.h"

#include <algorithm>
#include <cstring>

namespace torchhub::xet {
namespace {

using namespace blake3;

using Block = std::array<std::uint32_t, 16>;

void mix(Block& v, std::size_t a, std::size_t b, std::size_t c, std::size_t d, std::uint32_t x,
         std::uint32_t y) {
  v[a] += v[b] + x;
  v[d] = std::rotr(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 12);
  v[a] += v[b] + y;
  v[d] = std::rotr(v[d] ^ v[a], 8);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 7);
}

/// The last block of a node, not compressed yet: only then is known whether it is the root.
struct Node {
  Words input;
  Block message;
  std::uint64_t counter = 0;
  std::uint32_t length = kBlockBytes;
  std::uint32_t flags = 0;

  Words chaining_value() const {
    Block v = {input[0],
               input[1],
               input[2],
               input[3],
               input[4],
               input[5],
               input[6],
               input[7],
               kInitial[0],
               kInitial[1],
               kInitial[2],
               kInitial[3],
               static_cast<std::uint32_t>(counter),
               static_cast<std::uint32_t>(counter >> 32U),
               length,
               flags};
    for (const auto& s : kSchedule) {
      mix(v, 0, 4, 8, 12, message[s[0]], message[s[1]]);
      mix(v, 1, 5, 9, 13, message[s[2]], message[s[3]]);
      mix(v, 2, 6, 10, 14, message[s[4]], message[s[5]]);
      mix(v, 3, 7, 11, 15, message[s[6]], message[s[7]]);
      mix(v, 0, 5, 10, 15, message[s[8]], message[s[9]]);
      mix(v, 1, 6, 11, 12, message[s[10]], message[s[11]]);
      mix(v, 2, 7, 8, 13, message[s[12]], message[s[13]]);
      mix(v, 3, 4, 9, 14, message[s[14]], message[s[15]]);
    }
    Words out;
    for (std::size_t i = 0; i < 8; ++i) out[i] = v[i] ^ v[i + 8];
    return out;
  }
};

Node parent_of(const Words& left, const Words& right, const Words& key, std::uint32_t flags) {
  Node node{key, {}, 0, kBlockBytes, flags | kParent};
  std::copy(left.begin(), left.end(), node.message.begin());
  std::copy(right.begin(), right.end(), node.message.begin() + 8);
  return node;
}

/// The chunk that bytes go into at present.
class ChunkState {
 public:
  ChunkState(const Words& key, std::uint64_t counter, std::uint32_t flags)
      : node_{key, {}, counter, 0, flags} {}

  std::size_t size() const { return blocks_ * kBlockBytes + node_.length; }
  std::uint64_t counter() const { return node_.counter; }

  void update(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      if (node_.length == kBlockBytes) next_block();
      const std::size_t count = std::min(kBlockBytes - node_.length, bytes.size());
      std::memcpy(reinterpret_cast<std::byte*>(node_.message.data()) + node_.length, bytes.data(),
                  count);
      node_.length += static_cast<std::uint32_t>(count);
      bytes = bytes.subspan(count);
    }
  }

  Node last() const {
    Node node = node_;
    node.flags |= start_flag() | kChunkEnd;
    return node;
  }

 private:
  std::uint32_t start_flag() const { return blocks_ == 0 ? kChunkStart : 0U; }

  void next_block() {
    Node full = node_;
    full.flags |= start_flag();
    node_.input = full.chaining_value();
    node_.message = {};
    node_.length = 0;
    ++blocks_;
  }

  Node node_;
  std::size_t blocks_ = 0;
};

}  // namespace

struct Blake3::Impl {
  Impl(const Words& k, std::uint32_t f) : key(k), flags(f), chunk(k, 0, f) {}

  void update(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      if (chunk.size() == kChunkBytes) {  // more follows, so it is not the root
        push(chunk.last().chaining_value(), 1);
      }
      std::size_t count = chunk.size() == 0 ? push_whole_chunks(bytes) : 0;
      if (count == 0) {
        count = std::min(kChunkBytes - chunk.size(), bytes.size());
        chunk.update(bytes.first(count));
      }
      bytes = bytes.subspan(count);
    }
  }

  Node root() const {
    Node node = chunk.last();
    for (std::size_t i = depth; i-- > 0;) {
      node = parent_of(stack[i], node.chaining_value(), key, flags);
    }
    node.flags |= kRoot;
    return node;
  }

 private:
  /// Hashes chunks side by side, never the last one: it might be the root.
  /// @return how many bytes that took, perhaps 0
  std::size_t push_whole_chunks(std::span<const std::byte> bytes) {
    const std::size_t count = std::min(kLanes, (bytes.size() - 1) / kChunkBytes);
    if (count < 2) return 0;  // one alone is as fast without lanes
    LaneJob job{.inputs = {},
                .blocks = kBlocksInChunk,
                .key = &key,
                .counter = chunk.counter(),
                .counts_up = true,
                .flags = flags,
                .first_flag = kChunkStart,
                .last_flag = kChunkEnd};
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      job.inputs[lane] = bytes.data() + std::min(lane, count - 1) * kChunkBytes;
    }
    std::array<Words, kLanes> values;
    hash_lanes(job, values);
    if (count == kLanes && chunk.counter() % kLanes == 0) {
      push(joined(values), kLanes);
    } else {
      for (std::size_t i = 0; i < count; ++i) push(values[i], 1);
    }
    return count * kChunkBytes;
  }

  /// The top of the tree over eight neighbours.
  Words joined(std::array<Words, kLanes>& values) const {
    static_assert(kLanes == 8);
    for (std::size_t width = kLanes / 2; width >= 1; width /= 2) {
      LaneJob job{.inputs = {}, .blocks = 1, .key = &key, .flags = flags | kParent};
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::size_t pair = std::min(lane, width - 1);
        job.inputs[lane] = reinterpret_cast<const std::byte*>(values[2 * pair].data());
      }
      std::array<Words, kLanes> parents;
      hash_lanes(job, parents);
      values = parents;
    }
    return values[0];
  }

  /// A finished tree over `chunks` chunks, a power of two that divides the position. Trees of equal
  /// size unite at once: the stack holds one for each bit that is set in the number of chunks.
  void push(Words value, std::uint64_t chunks) {
    const std::uint64_t next = chunk.counter() + chunks;
    for (std::uint64_t trees = next / chunks; trees % 2 == 0; trees /= 2) {
      value = parent_of(stack[--depth], value, key, flags).chaining_value();
    }
    stack[depth++] = value;
    chunk = ChunkState(key, next, flags);
  }

  Words key;
  std::uint32_t flags;
  ChunkState chunk;
  std::array<Words, 54> stack{};  // 2^54 chunks are 2^64 bytes
  std::size_t depth = 0;
};

Blake3::Blake3() : impl_(std::make_unique<Impl>(kInitial, 0)) {}

Blake3::Blake3(const Key& key) : impl_() {
  Words words;
  std::memcpy(words.data(), key.data(), key.size());
  impl_ = std::make_unique<Impl>(words, kKeyedHash);
}

Blake3::~Blake3() = default;
Blake3::Blake3(Blake3&&) noexcept = default;
Blake3& Blake3::operator=(Blake3&&) noexcept = default;

void Blake3::update(std::span<const std::byte> bytes) { impl_->update(bytes); }

Blake3::Output Blake3::output() const {
  const Words words = impl_->root().chaining_value();
  Output out;
  std::memcpy(out.data(), words.data(), out.size());
  return out;
}

}  // namespace torchhub::xet
