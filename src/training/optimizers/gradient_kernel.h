#pragma once

#include <cstdint>

namespace torchhub {

/// The sum of the squares of `size` numbers. Does not depend on the processor; overflows where
/// float squares do, as PyTorch's norm does.
double sum_of_squares(const float* values, std::int64_t size);
double sum_of_squares(const double* values, std::int64_t size);

/// Each value times `factor`, rounded to its type first.
void scale(float* values, std::int64_t size, double factor);
void scale(double* values, std::int64_t size, double factor);

}  // namespace torchhub
