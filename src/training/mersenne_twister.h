#pragma once

#include <array>
#include <cstdint>

namespace torchhub {

/// The 624 words of MT19937's state (Matsumoto and Nishimura, mt19937ar.c).
using MersenneTwisterState = std::array<std::uint32_t, 624>;

/// As numpy.random.seed(seed) leaves it.
MersenneTwisterState seeded_like_numpy(std::uint32_t seed);

/// As Python's random.seed(seed) leaves it.
MersenneTwisterState seeded_like_python(std::uint64_t seed);

}  // namespace torchhub
