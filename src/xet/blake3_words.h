#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

/// What the scalar and the vector form of BLAKE3 share. Names and numbers are those of the BLAKE3
/// paper, section 2.
namespace torchhub::xet::blake3 {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

using Words = std::array<std::uint32_t, 8>;  ///< A key or a chaining value.

inline constexpr std::size_t kBlockBytes = 64;
inline constexpr std::size_t kChunkBytes = 1024;
inline constexpr std::size_t kBlocksInChunk = kChunkBytes / kBlockBytes;

inline constexpr Words kInitial = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                   0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};

enum Flag : std::uint32_t {
  kChunkStart = 1,
  kChunkEnd = 2,
  kParent = 4,
  kRoot = 8,
  kKeyedHash = 16,
};

constexpr std::size_t kRounds = 7;
using Schedule = std::array<std::array<std::uint8_t, 16>, kRounds>;

/// Which message word each step of each round takes: every round permutes the one before.
constexpr Schedule make_schedule() {
  constexpr std::array<std::uint8_t, 16> kPermutation = {2, 6,  3,  10, 7, 0,  4,  13,
                                                         1, 11, 12, 5,  9, 14, 15, 8};
  Schedule out{};
  for (std::uint8_t i = 0; i < 16; ++i) out[0][i] = i;
  for (std::size_t round = 1; round < kRounds; ++round) {
    for (std::size_t i = 0; i < 16; ++i) out[round][i] = out[round - 1][kPermutation[i]];
  }
  return out;
}
inline constexpr Schedule kSchedule = make_schedule();

}  // namespace torchhub::xet::blake3
