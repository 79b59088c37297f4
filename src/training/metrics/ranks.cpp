#include "training/metrics/ranks.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

namespace torchhub::metrics {
namespace {

bool has_nan(const std::vector<double>& numbers) {
  return std::any_of(numbers.begin(), numbers.end(), [](double x) { return std::isnan(x); });
}

}  // namespace

std::vector<double> average_ranks(const std::vector<double>& numbers) {
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return numbers[a] < numbers[b]; });
  std::vector<double> ranks(numbers.size());
  for (std::size_t first = 0, past = 0; first < order.size(); first = past) {
    while (past < order.size() && numbers[order[past]] == numbers[order[first]]) ++past;
    // The places first + 1 to past share their mean.
    const double rank = static_cast<double>(first + 1 + past) / 2;
    for (std::size_t place = first; place < past; ++place) ranks[order[place]] = rank;
  }
  return ranks;
}

double rank_correlation(const std::vector<double>& x, const std::vector<double>& y) {
  if (has_nan(x) || has_nan(y)) return std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> ranks_x = average_ranks(x);
  const std::vector<double> ranks_y = average_ranks(y);
  const double mean = static_cast<double>(x.size() + 1) / 2;  // of all ranks, ties or not
  double squares_x = 0;
  double squares_y = 0;
  double products = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    squares_x += (ranks_x[i] - mean) * (ranks_x[i] - mean);
    squares_y += (ranks_y[i] - mean) * (ranks_y[i] - mean);
    products += (ranks_x[i] - mean) * (ranks_y[i] - mean);
  }
  if (squares_x == 0 || squares_y == 0) return std::numeric_limits<double>::quiet_NaN();
  return std::clamp(products / std::sqrt(squares_x) / std::sqrt(squares_y), -1.0, 1.0);
}

}  // namespace torchhub::metrics
