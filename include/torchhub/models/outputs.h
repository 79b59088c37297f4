#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace torchhub {

/// What a model's forward gives back. An undefined tensor means "not there".
struct ModelOutput {
  at::Tensor loss = {};    ///< Scalar; only when the batch held labels.
  at::Tensor logits = {};  ///< [batch, ...]; what metrics and predictions read.
  std::vector<std::pair<std::string, at::Tensor>> extra =
      {};  ///< Hidden states and the like, by name.
};

}  // namespace torchhub
