#pragma once

#include <torch/torch.h>

namespace torchhub {

/// PyTorch's loader takes a seed for workers from the global generator each time it is gone over,
/// whether it has workers or not. Without that, dropout would differ from Python's from there on.
inline void draw_worker_seed() { torch::empty({1}, torch::kInt64).random_(); }

}  // namespace torchhub
