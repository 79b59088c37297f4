#pragma once

#include <ATen/core/MT19937RNGEngine.h>
#include <c10/util/BFloat16.h>

#include <cstdint>

namespace torchhub {

/// Fills `values` with ones of probability `p` and zeros, and leaves `engine` where LibTorch's
/// at::bernoulli_distribution does: two words for each value, the first one the higher.
/// @param p within [0, 1]
void draw_bernoulli(at::mt19937_data_pod& engine, double p, float* values, std::int64_t size);
void draw_bernoulli(at::mt19937_data_pod& engine, double p, c10::BFloat16* values,
                    std::int64_t size);

}  // namespace torchhub
