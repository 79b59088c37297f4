#include "trainer/gathered_prediction.h"

#include "trainer/prediction_collector.h"

#include <torch/torch.h>

namespace torchhub {
namespace {

template <typename Change>
EvalPrediction changed(const EvalPrediction& batch, Change&& change) {
  const auto field = [&](const torch::Tensor& tensor) {
    return tensor.defined() ? change(tensor) : tensor;
  };
  EvalPrediction result{.predictions = field(batch.predictions),
                        .label_ids = field(batch.label_ids)};
  result.losses = field(batch.losses);
  for (const auto& [name, tensor] : batch.inputs) result.inputs[name] = field(tensor);
  return result;
}

}  // namespace

EvalPrediction gathered(const EvalPrediction& own, ProcessGroup& group) {
  return changed(own,
                 [&](const torch::Tensor& tensor) { return joined(group.all_gather(tensor)); });
}

EvalPrediction no_samples_of(const EvalPrediction& batch) {
  return changed(batch, [](const torch::Tensor& tensor) {
    return tensor.dim() > 0 ? tensor.narrow(0, 0, 0) : tensor;
  });
}

}  // namespace torchhub
