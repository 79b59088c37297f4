#include "torchhub/training/optimizer.h"

#include "torchhub/base/error.h"

#include <torch/torch.h>

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

std::vector<at::Tensor> parameters_of(const torch::optim::Optimizer& optimizer) {
  std::vector<at::Tensor> parameters;
  for (const auto& group : optimizer.param_groups()) {
    parameters.insert(parameters.end(), group.params().begin(), group.params().end());
  }
  return parameters;
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

ParameterGroups decay_groups(const torch::nn::Module& model) {
  const std::set<std::string> in_layer_norm = layer_norm_parameters(model);
  ParameterGroups groups;
  std::unordered_set<const void*> seen;  // tied parameters come once for each of their names
  for (const auto& item : model.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    if (!seen.insert(item.value().unsafeGetTensorImpl()).second) continue;
    const bool exempt = in_layer_norm.contains(item.key()) || name_forbids_decay(item.key());
    (exempt ? groups.no_decay : groups.decay).emplace_back(item.key(), item.value());
  }
  return groups;
}

std::unique_ptr<torch::optim::Optimizer> make_adamw(const torch::nn::Module& model,
                                                    const TrainingArguments& a) {
  const ParameterGroups groups = decay_groups(model);
  if (groups.decay.empty() && groups.no_decay.empty()) {
    throw InvalidArgumentError("The model has no trainable parameter. Set requires_grad on some.");
  }
  const auto options = [&](double weight_decay) {
    return std::make_unique<torch::optim::AdamWOptions>(torch::optim::AdamWOptions(a.learning_rate)
                                                            .betas({a.adam_beta1, a.adam_beta2})
                                                            .eps(a.adam_epsilon)
                                                            .weight_decay(weight_decay));
  };
  std::vector<torch::optim::OptimizerParamGroup> parameter_groups;
  parameter_groups.emplace_back(tensors_of(groups.decay), options(a.weight_decay));
  parameter_groups.emplace_back(tensors_of(groups.no_decay), options(0));
  return std::make_unique<torch::optim::AdamW>(parameter_groups);
}

void set_learning_rate(torch::optim::Optimizer& optimizer, double rate) {
  for (auto& group : optimizer.param_groups()) group.options().set_lr(rate);
}

void clear_gradients(torch::optim::Optimizer& optimizer) {
  for (at::Tensor& parameter : parameters_of(optimizer)) parameter.mutable_grad().reset();
}

double clip_gradients(const torch::optim::Optimizer& optimizer, double max_norm) {
  if (max_norm > 0) return torch::nn::utils::clip_grad_norm_(parameters_of(optimizer), max_norm);
  // Not clip_grad_norm_ with infinity: one infinite gradient would make NaN of all others.
  std::vector<at::Tensor> norms;
  for (const at::Tensor& parameter : parameters_of(optimizer)) {
    if (parameter.grad().defined()) norms.push_back(parameter.grad().norm().to(torch::kCPU));
  }
  return norms.empty() ? 0 : torch::stack(norms).norm().item<double>();
}

}  // namespace torchhub
