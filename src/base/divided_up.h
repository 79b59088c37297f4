#pragma once

#include <cstdint>

namespace torchhub {

/// How many groups of `size` it takes to hold all. @param all >= 0 @param size > 0
constexpr std::int64_t divided_up(std::int64_t all, std::int64_t size) {
  return all / size + (all % size != 0 ? 1 : 0);
}

}  // namespace torchhub
