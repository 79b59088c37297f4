#include "torchhub/xet/chunk_codec.h"

#include "torchhub/xet/error.h"
#include "torchhub/xet/xorb.h"
#include "xet/byte_grouping.h"

#include <fmt/format.h>

#include <lz4frame.h>
#include <new>

namespace torchhub::xet {
namespace {

std::uint32_t number_at(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 3; ++i) out |= std::to_integer<std::uint32_t>(bytes[at + i]) << 8 * i;
  return out;
}

void put_number(std::span<std::byte> bytes, std::size_t at, std::uint32_t number) {
  for (std::size_t i = 0; i < 3; ++i) bytes[at + i] = static_cast<std::byte>(number >> 8 * i);
}

LZ4F_preferences_t preferences() {
  LZ4F_preferences_t out{};
  out.frameInfo.blockSizeID = LZ4F_max256KB;  // a chunk is one block
  out.frameInfo.blockMode = LZ4F_blockIndependent;
  return out;
}

/// Nothing where that saves nothing.
std::vector<std::byte> lz4_frame(std::span<const std::byte> raw) {
  const LZ4F_preferences_t how = preferences();
  std::vector<std::byte> out(LZ4F_compressFrameBound(raw.size(), &how));
  const std::size_t size = LZ4F_compressFrame(out.data(), out.size(), raw.data(), raw.size(), &how);
  if (LZ4F_isError(size) != 0 || size >= raw.size()) return {};
  out.resize(size);
  return out;
}

}  // namespace

ChunkHeader ChunkHeader::parse(std::span<const std::byte, kBytes> bytes) {
  if (bytes[0] != std::byte{0}) {
    throw XetError(fmt::format("a chunk's header has the version {}, not 0",
                               std::to_integer<unsigned>(bytes[0])));
  }
  const auto scheme = std::to_integer<unsigned>(bytes[4]);
  if (scheme > static_cast<unsigned>(Scheme::bg4_lz4)) {
    throw XetError(fmt::format("a chunk is packed by the scheme {}, which is not known", scheme));
  }
  const ChunkHeader out{static_cast<Scheme>(scheme), number_at(bytes, 1), number_at(bytes, 5)};
  if (out.raw_bytes == 0 || out.raw_bytes > kMaxChunkBytes) {
    throw XetError(
        fmt::format("a chunk has {} bytes; it may have 1 to {}", out.raw_bytes, kMaxChunkBytes));
  }
  if (out.packed_bytes > kMaxPackedChunkBytes) {
    throw XetError(fmt::format("a chunk has {} packed bytes; it may have {}", out.packed_bytes,
                               kMaxPackedChunkBytes));
  }
  return out;
}

std::array<std::byte, ChunkHeader::kBytes> ChunkHeader::encode() const {
  std::array<std::byte, kBytes> out{};
  put_number(out, 1, packed_bytes);
  out[4] = static_cast<std::byte>(scheme);
  put_number(out, 5, raw_bytes);
  return out;
}

struct ChunkDecoder::Impl {
  struct Free {
    void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
  };
  std::unique_ptr<LZ4F_dctx, Free> context;
  std::vector<std::byte> inflated;
  std::vector<std::byte> ungrouped;

  void inflate(std::span<const std::byte> packed) {
    if (!context) {
      LZ4F_dctx* made = nullptr;
      if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) != 0) {
        throw std::bad_alloc();
      }
      context.reset(made);
    }
    LZ4F_resetDecompressionContext(context.get());
    std::span<std::byte> room(inflated);
    for (std::size_t left = 1; left != 0;) {
      std::size_t written = room.size();
      std::size_t read = packed.size();
      left = LZ4F_decompress(context.get(), room.data(), &written, packed.data(), &read, nullptr);
      if (LZ4F_isError(left) != 0) {
        throw XetError(fmt::format("a chunk's LZ4 frame is damaged: {}", LZ4F_getErrorName(left)));
      }
      room = room.subspan(written);
      packed = packed.subspan(read);
      if (left != 0 && written == 0 && read == 0) {
        throw XetError("a chunk's LZ4 frame ends early, or holds more than the header says");
      }
    }
    if (!room.empty() || !packed.empty()) {
      throw XetError("a chunk's LZ4 frame does not hold what the header says");
    }
  }
};

ChunkDecoder::ChunkDecoder() : impl_(std::make_unique<Impl>()) {}
ChunkDecoder::~ChunkDecoder() = default;
ChunkDecoder::ChunkDecoder(ChunkDecoder&&) noexcept = default;
ChunkDecoder& ChunkDecoder::operator=(ChunkDecoder&&) noexcept = default;

std::span<const std::byte> ChunkDecoder::decode(const ChunkHeader& header,
                                                std::span<const std::byte> packed) {
  if (header.scheme == Scheme::none) {
    if (packed.size() != header.raw_bytes) {
      throw XetError("a chunk that is not packed has two lengths in its header");
    }
    return packed;
  }
  impl_->inflated.resize(header.raw_bytes);
  impl_->inflate(packed);
  if (header.scheme == Scheme::lz4) return impl_->inflated;
  impl_->ungrouped.resize(header.raw_bytes);
  ungroup_bytes(impl_->inflated, impl_->ungrouped);
  return impl_->ungrouped;
}

std::vector<std::byte> encode_chunk(std::span<const std::byte> raw, Scheme scheme) {
  std::vector<std::byte> packed;
  if (scheme == Scheme::lz4) packed = lz4_frame(raw);
  if (scheme == Scheme::bg4_lz4) {
    std::vector<std::byte> grouped(raw.size());
    group_bytes(raw, grouped);
    packed = lz4_frame(grouped);
  }
  if (packed.empty()) {
    scheme = Scheme::none;
    packed.assign(raw.begin(), raw.end());
  }
  const auto header = ChunkHeader{scheme, static_cast<std::uint32_t>(packed.size()),
                                  static_cast<std::uint32_t>(raw.size())}
                          .encode();
  packed.insert(packed.begin(), header.begin(), header.end());
  return packed;
}

}  // namespace torchhub::xet
