#include "trainer/hardware.h"

#include "torchhub/models/model.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/torch.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <optional>
#include <utility>

namespace torchhub {
namespace {

std::optional<std::string> fp16_problem(const TrainingArguments& args, const Hardware& hardware) {
  if (!args.fp16 || (hardware.gpus > 0 && !args.use_cpu)) return std::nullopt;
  return "fp16 needs a GPU, and there is none, or use_cpu is true. Use bf16, or leave it off.";
}

std::optional<std::string> tf32_problem(const TrainingArguments& args, const Hardware& hardware) {
  if (!args.tf32.value_or(false) || (hardware.has_ampere && !args.use_cpu)) return std::nullopt;
  return "tf32 needs an NVIDIA GPU of compute capability 8.0 or above (Ampere), and there is none, "
         "or use_cpu is true. Leave it unset.";
}

std::optional<std::string> bf16_problem(const TrainingArguments& args, const Hardware& hardware) {
  if (!args.bf16 && !args.bf16_full_eval) return std::nullopt;
  if (hardware.gpus == 0 || hardware.has_ampere || args.use_cpu) return std::nullopt;
  return "bf16 and bf16_full_eval need a GPU of compute capability 8.0 or above (Ampere), and this "
         "one is older. Use fp16, or set use_cpu to true.";
}

std::optional<std::string> gpu_problem(const TrainingArguments& args,
                                       const ProcessEnvironment& environment,
                                       const Hardware& hardware) {
  if (hardware.gpus == 0 || args.use_cpu || !environment.is_distributed()) return std::nullopt;
  if (environment.local_rank < hardware.gpus) return std::nullopt;
  return fmt::format(
      "Process {} of this host has no GPU of its own: there are {}. Start fewer processes, or set "
      "use_cpu to true.",
      environment.local_rank, hardware.gpus);
}

/// CUDA and its libraries read these when they start, so that it would be too late to set them
/// here.
std::optional<std::string> determinism_problem(const TrainingArguments& args,
                                               const Hardware& hardware) {
  if (!args.full_determinism || hardware.gpus == 0 || args.use_cpu) return std::nullopt;
  std::vector<std::string> missing;
  for (const auto& [name, value] :
       {std::pair("CUDA_LAUNCH_BLOCKING", "1"), std::pair("CUBLAS_WORKSPACE_CONFIG", ":16:8"),
        std::pair("FLASH_ATTENTION_DETERMINISTIC", "1")}) {
    if (std::getenv(name) == nullptr) missing.push_back(fmt::format("{}={}", name, value));
  }
  if (missing.empty()) return std::nullopt;
  return fmt::format(
      "full_determinism needs {} in the environment of the program. Set it where that is started: "
      "CUDA reads it only then.",
      fmt::join(missing, " and "));
}

}  // namespace

Hardware Hardware::of_this_host() {
  Hardware here;
  if (!torch::cuda::is_available()) return here;
  here.gpus = static_cast<int>(torch::cuda::device_count());
  // cuDNN computes in bfloat16 on GPUs from Ampere on. Of LibTorch's questions that need no header
  // of CUDA this is the one that asks for a compute capability. Without cuDNN nobody is refused.
  const auto& cuda = at::detail::getCUDAHooks();
  here.has_ampere = !cuda.hasCuDNN() || cuda.supportsBFloat16ConvolutionWithCuDNNv8();
  return here;
}

std::vector<std::string> problems_of_hardware(const TrainingArguments& args,
                                              const ProcessEnvironment& environment,
                                              const Hardware& hardware) {
  std::vector<std::string> found;
  for (auto& problem :
       {fp16_problem(args, hardware), bf16_problem(args, hardware), tf32_problem(args, hardware),
        gpu_problem(args, environment, hardware), determinism_problem(args, hardware)}) {
    if (problem) found.push_back(*problem);
  }
  return found;
}

std::string device_of(const ProcessEnvironment& environment, const TrainingArguments& args) {
  if (!torch::cuda::is_available() || args.use_cpu) return "cpu";
  if (!environment.is_distributed()) return "cuda";
  return fmt::format("cuda:{}", environment.local_rank);
}

void place_model(PreTrainedModel& model, const std::string& device, const TrainingArguments& args) {
  if (device != "cpu") model.to(torch::Device(device));
  if (args.tf32) {
    at::globalContext().setAllowTF32CuBLAS(*args.tf32);
    at::globalContext().setAllowTF32CuDNN(*args.tf32);
  }
}

void apply_determinism(const TrainingArguments& args) {
  if (!args.full_determinism) return;
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
}

}  // namespace torchhub
