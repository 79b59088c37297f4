#pragma once

#include "torchhub/training/metrics.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace torchhub::metrics {

/// More than any vocabulary, and counts that still fit: an id above it is a mistake, not a class.
inline constexpr std::int64_t kMaxClasses = std::int64_t{1} << 24;

/// A batch's classes side by side, without those whose label is kIgnoreIndex.
struct ClassIds {
  at::Tensor predicted;          ///< int64 [counted]
  at::Tensor labels;             ///< int64 [counted], on the same device
  std::int64_t num_classes = 0;  ///< All ids are below.
};

/// @param metric for messages  @param num_classes unset: as many as the logits have, or, if there
/// are ids instead, as many as the largest says
/// @param max_classes the most that the caller can count
/// @throws InvalidArgumentError as classification_metrics.h says
ClassIds counted_class_ids(const EvalPrediction& prediction, std::string_view metric,
                           std::optional<std::int64_t> num_classes,
                           std::int64_t max_classes = kMaxClasses);

/// @throws InvalidArgumentError unless 1 <= num_classes <= max_classes
void require_num_classes(std::optional<std::int64_t> num_classes, std::string_view metric,
                         std::int64_t max_classes = kMaxClasses);

/// `counts` [a, b] in the corner of zeros [rows, columns], which are no fewer; if it is undefined,
/// zeros of the type and on the device of `like`.
at::Tensor grown_counts(const at::Tensor& counts, std::int64_t rows, std::int64_t columns,
                        const at::Tensor& like);

}  // namespace torchhub::metrics
