#pragma once

#include "torchhub/models/model.h"

#include <ATen/core/Tensor.h>

#include <optional>
#include <utility>
#include <vector>

namespace torchhub {

/// While it lives, the model's floating weights are of another type; afterwards they are what they
/// were, bit for bit. Nothing happens for an unset type.
class FullEvalCast {
 public:
  FullEvalCast(PreTrainedModel& model, std::optional<at::ScalarType> type);
  ~FullEvalCast();
  FullEvalCast(const FullEvalCast&) = delete;
  FullEvalCast& operator=(const FullEvalCast&) = delete;

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> originals_;  ///< Parameter, what it held.
};

}  // namespace torchhub
