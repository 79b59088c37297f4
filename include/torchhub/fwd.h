#pragma once

#include <map>
#include <string>

/// Names only, for headers that pass tensors and modules along without looking inside.
namespace at {
class Tensor;
struct Generator;
}  // namespace at
namespace torch::nn {
class Module;
}
namespace torch::optim {
class Optimizer;
}

namespace torchhub {

class AutoConfig;
class DataLoader;
class LrScheduler;
class PreTrainedModel;
class StreamingMetric;
class TrainerCallback;
struct ModelOutput;
struct PushOutcome;
struct PretrainedConfig;

/// One batch by name: "pixel_values" [batch, channels, height, width], "labels" [batch], ...
using Batch = std::map<std::string, at::Tensor>;

}  // namespace torchhub
