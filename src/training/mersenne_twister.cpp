#include "training/mersenne_twister.h"

#include <algorithm>
#include <vector>

namespace torchhub {

MersenneTwisterState seeded_like_numpy(std::uint32_t seed) {  // init_genrand
  MersenneTwisterState state{};
  state[0] = seed;
  for (std::uint32_t i = 1; i < state.size(); ++i) {
    state[i] = 1812433253U * (state[i - 1] ^ (state[i - 1] >> 30)) + i;
  }
  return state;
}

MersenneTwisterState seeded_like_python(std::uint64_t seed) {  // init_by_array
  std::vector<std::uint32_t> key{static_cast<std::uint32_t>(seed)};
  if (seed >> 32) key.push_back(static_cast<std::uint32_t>(seed >> 32));
  MersenneTwisterState state = seeded_like_numpy(19650218U);
  const std::size_t n = state.size();
  const auto mixed = [&](std::size_t i) { return state[i - 1] ^ (state[i - 1] >> 30); };
  std::size_t i = 1;
  const auto advance = [&] {
    if (++i < n) return;
    state[0] = state[n - 1];
    i = 1;
  };
  std::size_t j = 0;
  for (std::size_t k = std::max(n, key.size()); k > 0; --k) {
    state[i] = (state[i] ^ (mixed(i) * 1664525U)) + key[j] + static_cast<std::uint32_t>(j);
    advance();
    j = (j + 1) % key.size();
  }
  for (std::size_t k = n - 1; k > 0; --k) {
    state[i] = (state[i] ^ (mixed(i) * 1566083941U)) - static_cast<std::uint32_t>(i);
    advance();
  }
  state[0] = 0x80000000U;
  return state;
}

}  // namespace torchhub
