#pragma once

#include "xet/blake3_words.h"

namespace torchhub::xet::blake3 {

inline constexpr std::size_t kLanes = 8;

/// Messages of the same length, hashed side by side.
struct LaneJob {
  std::array<const std::byte*, kLanes> inputs;
  std::size_t blocks = 0;  ///< Of kBlockBytes, in each input.
  const Words* key = nullptr;
  std::uint64_t counter = 0;  ///< Of the first lane.
  bool counts_up = false;     ///< Each lane's counter is one more than the one before.
  std::uint32_t flags = 0;    ///< Of every block.
  std::uint32_t first_flag = 0;
  std::uint32_t last_flag = 0;
};

/// The chaining values of all lanes. With AVX2 where the processor has it.
void hash_lanes(const LaneJob& job, std::array<Words, kLanes>& out);

}  // namespace torchhub::xet::blake3
