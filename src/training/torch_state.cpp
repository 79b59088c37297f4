#include "torchhub/pickle/torch_file.h"
#include "torchhub/training/checkpoint.h"
#include "torchhub/weights/pickle_tensors.h"
#include "training/adamw_state.h"

#include <torch/torch.h>

#include <fmt/format.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using pickle::Dict;
using pickle::List;
using pickle::None;
using pickle::Tuple;
using pickle::Value;

Value parameter_state(const torch::optim::AdamWParamState& state) {
  Dict dict;
  dict.set("step", pickle_tensor(torch::scalar_tensor(state.step(), torch::kFloat32)));
  dict.set("exp_avg", pickle_tensor(state.exp_avg()));
  dict.set("exp_avg_sq", pickle_tensor(state.exp_avg_sq()));
  return dict;
}

/// One of `param_groups`, with the keys and the order of torch 2.14.
Value group_settings(const torch::optim::AdamWOptions& options, double rate, double base_rate,
                     List parameters) {
  const auto [beta1, beta2] = options.betas();
  Dict dict;
  dict.set("weight_decay", options.weight_decay());
  dict.set("lr", rate);
  dict.set("betas", Tuple{{beta1, beta2}});
  dict.set("eps", options.eps());
  dict.set("amsgrad", options.amsgrad());
  dict.set("maximize", false);
  dict.set("foreach", None{});
  dict.set("capturable", false);
  dict.set("differentiable", false);
  dict.set("fused", None{});
  dict.set("decoupled_weight_decay", true);
  dict.set("initial_lr", base_rate);
  dict.set("params", std::move(parameters));
  return dict;
}

[[noreturn]] void refuse(const fs::path& file, const std::string& problem) {
  throw CheckpointError(
      fmt::format("'{}' cannot be used: {} Resume with the model that the checkpoint was saved "
                  "from, or choose another checkpoint.",
                  file.string(), problem));
}

/// Loads a file and runs `read` on it; what is wrong with its shape becomes a CheckpointError.
template <typename Read>
auto read_torch_file(const fs::path& file, Read&& read) {
  try {
    return read(load_torch_file(file));
  } catch (const PickleError& error) {
    refuse(file, error.what());
  }
}

at::Tensor moment(const Dict& state, const char* key, const at::Tensor& parameter,
                  const std::string& name, const fs::path& file) {
  const at::Tensor saved = tensor_of(state.at(key).tensor());
  if (saved.sizes() != parameter.sizes()) {
    refuse(file,
           fmt::format("'{}' of parameter '{}' has another shape than the parameter.", key, name));
  }
  // A copy of its own: the file's bytes must not be what the optimizer writes to.
  return saved.to(parameter.device(), parameter.scalar_type(), false, /*copy=*/true);
}

double step_of(const Value& value) {
  const auto* tensor = value.if_is<pickle::Tensor>();
  return tensor ? tensor_of(*tensor).item<double>() : value.number();
}

void load_parameter(torch::optim::Optimizer& optimizer, const Dict& state,
                    const std::pair<std::string, at::Tensor>& parameter, const fs::path& file) {
  const auto& [name, tensor] = parameter;
  auto loaded = std::make_unique<torch::optim::AdamWParamState>();
  loaded->step(static_cast<std::int64_t>(step_of(state.at("step"))));
  loaded->exp_avg(moment(state, "exp_avg", tensor, name, file));
  loaded->exp_avg_sq(moment(state, "exp_avg_sq", tensor, name, file));
  set_adamw_state(optimizer, tensor, std::move(loaded));
}

std::optional<double> load_groups(torch::optim::Optimizer& optimizer, const ParameterGroups& groups,
                                  const Dict& saved, const fs::path& file) {
  const Dict& states = saved.at("state").dict();
  const std::vector<Value>& saved_groups = saved.at("param_groups").items();
  const std::vector<const std::vector<std::pair<std::string, at::Tensor>>*> ours{&groups.decay,
                                                                                 &groups.no_decay};
  if (saved_groups.size() != ours.size()) {
    refuse(file, fmt::format("it has {} parameter groups, this run has {}.", saved_groups.size(),
                             ours.size()));
  }
  std::optional<double> base_rate;
  for (std::size_t g = 0; g < ours.size(); ++g) {
    const Dict& group = saved_groups[g].dict();
    const std::vector<Value>& numbers = group.at("params").items();
    if (numbers.size() != ours[g]->size()) {
      refuse(file, fmt::format("parameter group {} holds {} parameters, this model's holds {}.", g,
                               numbers.size(), ours[g]->size()));
    }
    if (const Value* rate = group.find("initial_lr")) base_rate = rate->number();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const Value* state = states.find(numbers[i]);
      if (state) load_parameter(optimizer, state->dict(), (*ours[g])[i], file);
    }
  }
  return base_rate;
}

Value list_of(const std::vector<double>& numbers) {
  List list;
  for (const double number : numbers) list.items.emplace_back(number);
  return list;
}

std::vector<double> numbers_of(const Value& value) {
  std::vector<double> numbers;
  for (const Value& item : value.items()) numbers.push_back(item.number());
  return numbers;
}

}  // namespace

void save_optimizer(const torch::optim::Optimizer& optimizer, const SchedulerState& rates,
                    const fs::path& file) {
  Dict states;
  List groups;
  std::int64_t number = 0;
  for (std::size_t g = 0; g < optimizer.param_groups().size(); ++g) {
    const auto& group = optimizer.param_groups()[g];
    List parameters;
    for (const at::Tensor& parameter : group.params()) {
      if (const auto* state = adamw_state(optimizer, parameter)) {
        states.set(number, parameter_state(*state));
      }
      parameters.items.emplace_back(number++);
    }
    groups.items.push_back(
        group_settings(static_cast<const torch::optim::AdamWOptions&>(group.options()),
                       rates.last_rates.at(g), rates.base_rates.at(g), std::move(parameters)));
  }
  Dict all;
  all.set("state", std::move(states));
  all.set("param_groups", std::move(groups));
  save_torch_file(file, all);
}

std::optional<double> load_optimizer(torch::optim::Optimizer& optimizer,
                                     const ParameterGroups& groups, const fs::path& file) {
  return read_torch_file(
      file, [&](const Value& value) { return load_groups(optimizer, groups, value.dict(), file); });
}

void save_scheduler(const SchedulerState& state, const fs::path& file) {
  Dict dict;
  dict.set("base_lrs", list_of(state.base_rates));
  dict.set("last_epoch", state.last_epoch);
  dict.set("_step_count", state.last_epoch + 1);
  dict.set("_is_initial", false);
  dict.set("_get_lr_called_within_step", false);
  dict.set("_last_lr", list_of(state.last_rates));
  List lambdas;
  for (std::size_t i = 0; i < state.base_rates.size(); ++i) lambdas.items.emplace_back(Dict{});
  dict.set("lr_lambdas", std::move(lambdas));
  save_torch_file(file, dict);
}

SchedulerState load_scheduler(const fs::path& file) {
  return read_torch_file(file, [](const Value& value) {
    const Dict& dict = value.dict();
    return SchedulerState{.base_rates = numbers_of(dict.at("base_lrs")),
                          .last_epoch = dict.at("last_epoch").integer(),
                          .last_rates = numbers_of(dict.at("_last_lr"))};
  });
}

}  // namespace torchhub
