#include "torchhub/base/log.h"
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
  } catch (const c10::Error& error) {
    refuse(file, error.what_without_backtrace());
  }
}

at::Tensor moment(const Dict& state, const char* key, const at::Tensor& parameter,
                  const std::string& name, const fs::path& file) {
  const pickle::Tensor& saved = state.at(key).tensor();
  // Before its memory is taken: the shape is the file's word.
  if (at::IntArrayRef(saved.shape) != parameter.sizes()) {
    refuse(file,
           fmt::format("'{}' of parameter '{}' has another shape than the parameter.", key, name));
  }
  // A copy of its own: the file's bytes must not be what the optimizer writes to.
  return tensor_of(saved).to(parameter.device(), parameter.scalar_type(), false, /*copy=*/true);
}

std::int64_t step_of(const Dict& state, const std::string& name, const fs::path& file) {
  const Value& value = state.at("step");
  const auto* tensor = value.if_is<pickle::Tensor>();
  const bool readable = !tensor || tensor->element_count() == 1;
  const double step = !readable ? -1 : tensor ? tensor_of(*tensor).item<double>() : value.number();
  if (!(step >= 0 && step <= 1e15)) {  // NaN too
    refuse(file, fmt::format("'step' of parameter '{}' is no number of updates.", name));
  }
  return static_cast<std::int64_t>(step);
}

/// As in Python, a resumed optimizer has the settings of the file, whatever this run asked for. The
/// learning rate is the schedule's matter.
void load_settings(torch::optim::AdamWOptions& options, const Dict& saved, std::size_t group) {
  const auto take = [&](const char* name, double now, double in_file) {
    if (now == in_file) return now;
    log::warning("resume_with_another_setting",
                 {{"setting", name}, {"group", group}, {"now", now}, {"used", in_file}});
    return in_file;
  };
  if (const Value* betas = saved.find("betas"); betas && betas->items().size() == 2) {
    const auto [beta1, beta2] = options.betas();
    options.betas({take("adam_beta1", beta1, betas->items()[0].number()),
                   take("adam_beta2", beta2, betas->items()[1].number())});
  }
  if (const Value* eps = saved.find("eps")) {
    options.eps(take("adam_epsilon", options.eps(), eps->number()));
  }
  if (const Value* decay = saved.find("weight_decay")) {
    options.weight_decay(take("weight_decay", options.weight_decay(), decay->number()));
  }
}

void load_parameter(torch::optim::Optimizer& optimizer, const Dict& state,
                    const std::pair<std::string, at::Tensor>& parameter, const fs::path& file) {
  const auto& [name, tensor] = parameter;
  auto loaded = std::make_unique<torch::optim::AdamWParamState>();
  loaded->step(step_of(state, name, file));
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
    load_settings(static_cast<torch::optim::AdamWOptions&>(optimizer.param_groups()[g].options()),
                  group, g);
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
