#include "trainer/full_eval_cast.h"

#include <torch/torch.h>

namespace torchhub {

FullEvalCast::FullEvalCast(PreTrainedModel& model, std::optional<at::ScalarType> type) {
  if (!type) return;
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : model.named_state()) {
    if (!tensor.is_floating_point()) continue;
    originals_.emplace_back(tensor, tensor.detach());
    tensor.set_data(tensor.to(*type));
  }
}

FullEvalCast::~FullEvalCast() {
  for (auto& [tensor, original] : originals_) tensor.set_data(original);
}

}  // namespace torchhub
