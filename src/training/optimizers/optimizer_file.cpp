#include "torchhub/base/error.h"
#include "torchhub/pickle/torch_file.h"
#include "torchhub/training/checkpoint.h"
#include "torchhub/weights/deferred_files.h"
#include "torchhub/weights/pickle_tensors.h"
#include "training/optimizers/optimizer_codec.h"

#include <torch/torch.h>

#include <fmt/format.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using pickle::Dict;
using pickle::List;
using pickle::Value;

Dict group_of(const OptimizerCodec& codec, const torch::optim::OptimizerOptions& options,
              const double* base_rate, List parameters) {
  Dict dict;
  dict.set("weight_decay", codec.weight_decay(options));
  dict.set("lr", codec.rate(options));
  codec.write_settings(options, dict);
  if (base_rate) dict.set("initial_lr", *base_rate);
  dict.set("params", std::move(parameters));
  return dict;
}

void put_off(const fs::path& file, Dict state, DeferredFiles& files) {
  files.add(file, [file, value = Value(std::move(state))](const DeferredFiles::Writing& how) {
    return save_torch_file(file, value,
                           {.sha256 = how.sha256, .stop = how.stop, .bytes_now = how.bytes_now});
  });
}

}  // namespace

std::unique_ptr<OptimizerCodec> codec_of(const torch::optim::Optimizer& optimizer) {
  for (const auto make : {adam_codec, sgd_codec, adagrad_codec, rmsprop_codec, adafactor_codec}) {
    if (auto codec = make(optimizer)) return codec;
  }
  return nullptr;
}

std::unique_ptr<OptimizerCodec> require_codec(const torch::optim::Optimizer& optimizer) {
  auto codec = codec_of(optimizer);
  if (codec) return codec;
  throw InvalidArgumentError(
      "The state of this optimizer cannot be saved or loaded: torchhub knows LibTorch's Adam, "
      "AdamW, SGD, Adagrad and RMSprop and its own. Use one of these, or set save_only_model.");
}

Value pickled_step(std::int64_t step) {
  return pickle_tensor(torch::scalar_tensor(step, torch::kFloat32));
}

bool can_save_optimizer(const torch::optim::Optimizer& optimizer) {
  return codec_of(optimizer) != nullptr;
}

void save_optimizer(const torch::optim::Optimizer& optimizer, const std::vector<double>& base_rates,
                    const fs::path& file, DeferredFiles* deferred) {
  const auto codec = require_codec(optimizer);
  const auto& groups = optimizer.param_groups();
  if (!base_rates.empty() && base_rates.size() != groups.size()) {
    throw InvalidArgumentError(fmt::format("{} base rates were given for {} parameter groups.",
                                           base_rates.size(), groups.size()));
  }
  ToHost to_host;
  if (deferred != nullptr) {
    to_host = [&](const at::Tensor& state) { return deferred->take_steady(state); };
  }
  Dict states;
  List saved_groups;
  std::int64_t number = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    List parameters;
    for (const at::Tensor& parameter : groups[g].params()) {
      if (auto state = codec->write_state(optimizer, parameter, to_host)) {
        states.items.emplace_back(number, std::move(*state));
      }
      parameters.items.emplace_back(number++);
    }
    const double* const base_rate = base_rates.empty() ? nullptr : &base_rates[g];
    saved_groups.items.emplace_back(
        group_of(*codec, groups[g].options(), base_rate, std::move(parameters)));
  }
  Dict all;
  all.set("state", std::move(states));
  all.set("param_groups", std::move(saved_groups));
  if (deferred == nullptr) {
    save_torch_file(file, all);
  } else {
    put_off(file, std::move(all), *deferred);
  }
}

}  // namespace torchhub
