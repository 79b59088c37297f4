#pragma once

#include <vector>

namespace torchhub::metrics {

/// 1 for the smallest; equal numbers share the mean of their places. No NaN, please.
std::vector<double> average_ranks(const std::vector<double>& numbers);

/// Spearman's. @param x,y of the same length, not empty. @return NaN if a side is constant or holds
/// a NaN
double rank_correlation(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace torchhub::metrics
