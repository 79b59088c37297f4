#include "torchhub/training/optimizer.h"

#include "torchhub/base/error.h"
#include "training/optimizers/tensor_groups.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

namespace torchhub {
namespace {

bool is_layer_norm(const torch::nn::Module& module) {
  return module.as<torch::nn::LayerNormImpl>() != nullptr;
}

/// The full names of parameters that lie directly in a LayerNorm.
std::set<std::string> layer_norm_parameters(const torch::nn::Module& model) {
  std::set<std::string> names;
  const auto collect = [&](const std::string& prefix, const torch::nn::Module& module) {
    if (!is_layer_norm(module)) return;
    for (const auto& item : module.named_parameters(/*recurse=*/false)) {
      names.insert(prefix.empty() ? item.key() : prefix + "." + item.key());
    }
  };
  collect("", model);
  for (const auto& item : model.named_modules("", /*include_self=*/false)) {
    collect(item.key(), *item.value());
  }
  return names;
}

std::vector<at::Tensor> tensors_of(const std::vector<std::pair<std::string, at::Tensor>>& named) {
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : named) tensors.push_back(tensor);
  return tensors;
}

}  // namespace

bool name_forbids_decay(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const std::string_view word : {"bias", "layernorm", "rmsnorm"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  for (std::size_t start = 0; start <= lower.size();) {
    const std::size_t end = std::min(lower.find('.', start), lower.size());
    const std::string_view part = std::string_view(lower).substr(start, end - start);
    if (part == "norm" || part.ends_with("_norm")) return true;
    start = end + 1;
  }
  return false;
}

std::set<std::string> decay_parameter_names(const torch::nn::Module& model) {
  const std::set<std::string> in_layer_norm = layer_norm_parameters(model);
  std::set<std::string> names;
  for (const auto& item : model.named_parameters()) {
    if (in_layer_norm.contains(item.key()) || name_forbids_decay(item.key())) continue;
    names.insert(item.key());
  }
  return names;
}

ParameterGroups decay_groups(const torch::nn::Module& model) {
  return decay_groups(model, decay_parameter_names(model));
}

ParameterGroups decay_groups(const torch::nn::Module& model,
                             const std::set<std::string>& decay_names) {
  ParameterGroups groups;
  std::unordered_set<const void*> seen;  // tied parameters come once for each of their names
  for (const auto& item : model.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    if (!seen.insert(item.value().unsafeGetTensorImpl()).second) continue;
    auto& group = decay_names.contains(item.key()) ? groups.decay : groups.no_decay;
    group.emplace_back(item.key(), item.value());
  }
  return groups;
}

std::vector<torch::optim::OptimizerParamGroup> tensor_groups(
    const ParameterGroups& groups, const torch::optim::OptimizerOptions& decay,
    const torch::optim::OptimizerOptions& no_decay) {
  if (groups.decay.empty() && groups.no_decay.empty()) {
    throw InvalidArgumentError("The model has no trainable parameter. Set requires_grad on some.");
  }
  std::vector<torch::optim::OptimizerParamGroup> both;
  both.emplace_back(tensors_of(groups.decay), decay.clone());
  both.emplace_back(tensors_of(groups.no_decay), no_decay.clone());
  return both;
}

std::vector<double> learning_rates(const torch::optim::Optimizer& optimizer) {
  std::vector<double> rates;
  for (const auto& group : optimizer.param_groups()) rates.push_back(group.options().get_lr());
  return rates;
}

void set_learning_rate(torch::optim::Optimizer& optimizer, double rate) {
  for (auto& group : optimizer.param_groups()) group.options().set_lr(rate);
}

void set_learning_rates(torch::optim::Optimizer& optimizer, const std::vector<double>& rates) {
  auto& groups = optimizer.param_groups();
  if (groups.size() != rates.size()) {
    throw InvalidArgumentError(fmt::format("{} learning rates were given for {} parameter groups.",
                                           rates.size(), groups.size()));
  }
  for (std::size_t g = 0; g < groups.size(); ++g) groups[g].options().set_lr(rates[g]);
}

}  // namespace torchhub
