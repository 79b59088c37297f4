#include "torchhub/training/optimizer.h"

#include <fmt/format.h>

#include <array>

namespace torchhub {
namespace {

struct Missing {
  std::string_view name;
  std::string_view reason;
};

constexpr std::string_view kQuantised = "its state is kept in 8 bits, which torchhub does not do";
constexpr std::string_view kPaged =
    "its state is paged between GPU and CPU by bitsandbytes, which torchhub does not do";
constexpr std::string_view kProjection =
    "it projects gradients to a low rank, which torchhub does not do";
constexpr std::string_view kLayerwise =
    "it updates each layer during the backward pass, which torchhub does not do";
constexpr std::string_view kSchedule =
    "it needs the schedulefree package's averaged weights, which torchhub does not have";

/// Names of transformers 5.12 `OptimizerNames` that are not ours, and two that it dropped.
constexpr std::array kMissing{
    Missing{"adamw_torch_xla", "it is for XLA devices, which torchhub does not drive"},
    Missing{"adamw_torch_npu_fused", "it is for Ascend NPUs, which torchhub does not drive"},
    Missing{"adamw_anyprecision", "it needs torchdistx's sums with reduced precision"},
    Missing{"adamw_torch_4bit", "its state is kept in 4 bits, which torchhub does not do"},
    Missing{"adamw_torch_8bit", kQuantised},
    Missing{"ademamix", "it is bitsandbytes' own, which torchhub does not have"},
    Missing{"adamw_bnb_8bit", kQuantised},
    Missing{"adamw_8bit", kQuantised},
    Missing{"ademamix_8bit", kQuantised},
    Missing{"lion_8bit", kQuantised},
    Missing{"lion_32bit", "it is bitsandbytes' own, which torchhub does not have"},
    Missing{"paged_adamw_32bit", kPaged},
    Missing{"paged_adamw_8bit", kPaged},
    Missing{"paged_ademamix_32bit", kPaged},
    Missing{"paged_ademamix_8bit", kPaged},
    Missing{"paged_lion_32bit", kPaged},
    Missing{"paged_lion_8bit", kPaged},
    Missing{"rmsprop_bnb", "it is bitsandbytes' own; rmsprop is to be had"},
    Missing{"rmsprop_bnb_8bit", kQuantised},
    Missing{"rmsprop_bnb_32bit", "it is bitsandbytes' own; rmsprop is to be had"},
    Missing{"galore_adamw", kProjection},
    Missing{"galore_adamw_8bit", kProjection},
    Missing{"galore_adafactor", kProjection},
    Missing{"galore_adamw_layerwise", kProjection},
    Missing{"galore_adamw_8bit_layerwise", kProjection},
    Missing{"galore_adafactor_layerwise", kProjection},
    Missing{"lomo", kLayerwise},
    Missing{"adalomo", kLayerwise},
    Missing{"grokadamw", "it is the grokadamw package's, which torchhub does not have"},
    Missing{"schedule_free_radam", kSchedule},
    Missing{"schedule_free_adamw", kSchedule},
    Missing{"schedule_free_sgd", kSchedule},
    Missing{"apollo_adamw", kProjection},
    Missing{"apollo_adamw_layerwise", kProjection},
    Missing{"stable_adamw", "it is the torch-optimi package's, which torchhub does not have"},
    Missing{"adamw_hf", "transformers 5 dropped it; adamw_torch has the same mathematics"},
    Missing{"adamw_apex_fused", "transformers 5 dropped it; use adamw_torch_fused"},
};

}  // namespace

std::optional<std::string> refused_optimizer(std::string_view name) {
  for (const Missing& missing : kMissing) {
    if (missing.name != name) continue;
    return fmt::format(
        "optim '{}' is not offered: {}. Use one of adamw_torch, adamw_torch_fused, sgd, adagrad, "
        "rmsprop, adafactor.",
        name, missing.reason);
  }
  return std::nullopt;
}

}  // namespace torchhub
