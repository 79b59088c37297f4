#include "trainer/hardware.h"

#include "torchhub/base/error.h"
#include "torchhub/models/model.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <cstdlib>

namespace torchhub {

std::string device_of(const ProcessEnvironment& environment, const TrainingArguments& args) {
  if (!torch::cuda::is_available() || args.use_cpu) return "cpu";
  if (!environment.is_distributed()) return "cuda";
  const auto gpus = static_cast<int>(torch::cuda::device_count());
  if (environment.local_rank >= gpus) {
    throw InvalidArgumentError(
        fmt::format("Process {} of this host has no GPU of its own: there are {}. Start fewer "
                    "processes, or set use_cpu to true.",
                    environment.local_rank, gpus));
  }
  return fmt::format("cuda:{}", environment.local_rank);
}

void place_model(PreTrainedModel& model, const std::string& device, const TrainingArguments& args) {
  const bool on_gpu = device != "cpu";
  if (args.fp16 && !on_gpu) {
    throw InvalidArgumentError(
        "fp16 needs a GPU, and there is none, or use_cpu is true. Use bf16, or leave it off.");
  }
  if (on_gpu) model.to(torch::Device(device));
  if (args.tf32) {
    at::globalContext().setAllowTF32CuBLAS(*args.tf32);
    at::globalContext().setAllowTF32CuDNN(*args.tf32);
  }
}

void apply_determinism(const TrainingArguments& args) {
  if (!args.full_determinism) return;
  // cuBLAS reads this when CUDA starts, so that it would be too late to set it here.
  if (torch::cuda::is_available() && std::getenv("CUBLAS_WORKSPACE_CONFIG") == nullptr) {
    throw InvalidArgumentError(
        "full_determinism needs CUBLAS_WORKSPACE_CONFIG=:16:8 and CUDA_LAUNCH_BLOCKING=1 in the "
        "environment of the program. Set them where it is started.");
  }
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
}

}  // namespace torchhub
