#pragma once

#include "torchhub/training/metrics.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

/// What a metric asks of a batch before it counts anything; all messages name the metric.
namespace torchhub::metrics {

/// @throws InvalidArgumentError if the predictions or the labels are undefined
void require_predictions_and_labels(const EvalPrediction& prediction, std::string_view metric);

/// @param needs what would be right, such as "logits [8, vocab]"
[[noreturn]] void throw_shapes_disagree(const EvalPrediction& prediction, std::string_view metric,
                                        std::string_view needs);

/// "[8, 3]", or with `last` "[8, 3, classes]".
std::string shape_text(const at::Tensor& tensor, std::string_view last = {});

/// Labels as int64. @throws InvalidArgumentError unless they are whole numbers (or bool)
at::Tensor whole_labels(const EvalPrediction& prediction, std::string_view metric);

/// @throws InvalidArgumentError if an id is below 0, or `limit` or more. Waits for the device.
/// @param what "label" or "predicted class"  @param reason why the limit is so, for the message
void require_ids_below(const at::Tensor& ids, std::int64_t limit, std::string_view metric,
                       std::string_view what, std::string_view reason);

/// For compute() without anything to compute from.
[[noreturn]] void throw_nothing_counted(std::string_view metric);

}  // namespace torchhub::metrics
