#include "training/mersenne_twister.h"

#include <gtest/gtest.h>

#include <numeric>

namespace torchhub {
namespace {

std::uint32_t sum(const MersenneTwisterState& state) {
  return std::accumulate(state.begin(), state.end(), std::uint32_t{0});
}

// Golden: Python 3.14 `random.seed(s); random.getstate()`, NumPy 2 `numpy.random.seed(s)`.
TEST(MersenneTwister, SeedsLikePython) {
  const MersenneTwisterState state = seeded_like_python(42);
  EXPECT_EQ(state[0], 2147483648U);
  EXPECT_EQ(state[1], 3564348608U);
  EXPECT_EQ(state[623], 3831079317U);
  EXPECT_EQ(sum(state), 2116654511U);
  EXPECT_EQ(sum(seeded_like_python(0)), 1396443781U);
  EXPECT_EQ(sum(seeded_like_python((std::uint64_t{1} << 32) + 5)), 1722223707U);
}

TEST(MersenneTwister, SeedsLikeNumpy) {
  const MersenneTwisterState state = seeded_like_numpy(42);
  EXPECT_EQ(state[1], 3107752595U);
  EXPECT_EQ(state[623], 26719530U);
  EXPECT_EQ(sum(state), 3729616532U);
  EXPECT_EQ(sum(seeded_like_numpy(0)), 4134111726U);
}

}  // namespace
}  // namespace torchhub
