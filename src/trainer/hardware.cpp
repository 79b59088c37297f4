#include "trainer/hardware.h"

#include "torchhub/base/error.h"
#include "torchhub/models/model.h"

#include <torch/torch.h>

#include <cstdlib>

namespace torchhub {

void place_model(PreTrainedModel& model, const TrainingArguments& args) {
  const bool on_gpu = torch::cuda::is_available() && !args.use_cpu;
  if (args.fp16 && !on_gpu) {
    throw InvalidArgumentError(
        "fp16 needs a GPU, and there is none, or use_cpu is true. Use bf16, or leave it off.");
  }
  if (on_gpu) model.to(torch::Device(torch::kCUDA));
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
