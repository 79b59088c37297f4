#include "training/optimizers/optimizer_codec.h"
#include "training/optimizers/optimizer_state.h"
#include "training/torch_file_reading.h"

#include <torch/torch.h>

#include <cmath>
#include <map>
#include <unordered_map>
#include <utility>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using pickle::Dict;
using pickle::Value;

/// Names for messages; a parameter that the model does not have gets its place.
class ParameterNames {
 public:
  explicit ParameterNames(const torch::nn::Module& model) {
    for (const auto& item : model.named_parameters()) {
      names_.emplace(item.value().unsafeGetTensorImpl(), item.key());
    }
  }

  std::string of(const at::Tensor& parameter, std::size_t group, std::size_t index) const {
    const auto found = names_.find(parameter.unsafeGetTensorImpl());
    if (found != names_.end()) return found->second;
    return fmt::format("number {} of group {}", index, group);
  }

 private:
  std::unordered_map<const void*, std::string> names_;
};

/// What the file comes to, read and checked before any of it is put in place.
struct Loaded {
  struct Parameter {
    at::Tensor parameter;
    std::unique_ptr<torch::optim::OptimizerParamState> state;
    bool keeps_fresh_state = false;
  };
  std::vector<std::unique_ptr<torch::optim::OptimizerOptions>> options = {};
  std::vector<Parameter> parameters = {};

  void put_into(torch::optim::Optimizer& optimizer) {
    for (std::size_t g = 0; g < options.size(); ++g) {
      optimizer.param_groups()[g].set_options(std::move(options[g]));
    }
    for (Parameter& each : parameters) {
      if (each.keeps_fresh_state) continue;
      set_optimizer_state(optimizer, each.parameter, std::move(each.state));
    }
  }
};

using States = std::map<std::int64_t, const Dict*>;

States states_of(const Dict& file) {
  States states;
  for (const auto& [number, state] : file.at("state").dict().items) {
    states[number.integer()] = &state.dict();
  }
  return states;
}

/// The rate of the file, if this run shall have it; the optimizers that make their own have none.
void read_rate(const SavedGroup& saved, torch::optim::OptimizerOptions& options) {
  const Value* rate = saved.dict().find("lr");
  if (!rate || rate->is<pickle::None>()) return;
  const double number = number_in(*rate);
  if (!(number >= 0 && std::isfinite(number))) {
    throw InvalidArgumentError(fmt::format("'lr' is {}.", number));
  }
  options.set_lr(number);
}

void read_parameters(const torch::optim::OptimizerParamGroup& group, std::size_t g,
                     const std::vector<Value>& numbers, const States& states,
                     const OptimizerCodec& codec, const ParameterNames& names, Loaded& loaded) {
  if (numbers.size() != group.params().size()) {
    throw InvalidArgumentError(
        fmt::format("parameter group {} holds {} parameters, this model's holds {}.", g,
                    numbers.size(), group.params().size()));
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const at::Tensor& parameter = group.params()[i];
    auto& each = loaded.parameters.emplace_back();
    each.parameter = parameter;
    const auto state = states.find(numbers[i].integer());
    if (state == states.end()) {
      each.keeps_fresh_state = codec.needs_state();
      continue;
    }
    const SavedParameter saved(*state->second, names.of(parameter, g, i), parameter);
    each.state = codec.read_state(saved, *loaded.options.back());
  }
}

Loaded read_groups(const torch::optim::Optimizer& optimizer, const OptimizerCodec& codec,
                   const ParameterNames& names, const Dict& file, ResumedRates rates) {
  const States states = states_of(file);
  const std::vector<Value>& saved_groups = file.at("param_groups").items();
  const auto& groups = optimizer.param_groups();
  if (saved_groups.size() != groups.size()) {
    throw InvalidArgumentError(fmt::format("it has {} parameter groups, this run has {}.",
                                           saved_groups.size(), groups.size()));
  }
  Loaded loaded;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const SavedGroup saved(saved_groups[g].dict(), g);
    loaded.options.push_back(codec.read_settings(groups[g].options(), saved));
    if (rates == ResumedRates::of_checkpoint) read_rate(saved, *loaded.options.back());
    read_parameters(groups[g], g, saved.dict().at("params").items(), states, codec, names, loaded);
  }
  return loaded;
}

}  // namespace

void load_optimizer(torch::optim::Optimizer& optimizer, const torch::nn::Module& model,
                    const fs::path& file, ResumedRates rates) {
  const auto codec = require_codec(optimizer);
  const ParameterNames names(model);
  read_torch_file(file, [&](const Dict& contents) {
    read_groups(optimizer, *codec, names, contents, rates).put_into(optimizer);
  });
}

}  // namespace torchhub
