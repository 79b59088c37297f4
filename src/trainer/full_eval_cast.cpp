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
  // Backwards: a tensor that has two names was taken twice, the second time as it was cast.
  for (auto each = originals_.rbegin(); each != originals_.rend(); ++each) {
    each->first.set_data(each->second);
  }
}

}  // namespace torchhub
