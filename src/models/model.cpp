#include "torchhub/models/model.h"

#include "class_name.h"
#include "torchhub/weights/dtype.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <cmath>
#include <unordered_set>

namespace torchhub {
namespace {

void append_state(const torch::nn::Module& module, const std::string& prefix, StateDict& state) {
  for (const auto& item : module.named_parameters(/*recurse=*/false)) {
    if (item.value().defined()) state.emplace_back(prefix + item.key(), item.value());
  }
  for (const auto& item : module.named_buffers(/*recurse=*/false)) {
    if (item.value().defined()) state.emplace_back(prefix + item.key(), item.value());
  }
  for (const auto& child : module.named_children()) {
    append_state(*child.value(), prefix + child.key() + ".", state);
  }
}

}  // namespace

PreTrainedModel::PreTrainedModel(std::shared_ptr<PretrainedConfig> config)
    : config_(std::move(config)) {
  config_->validate();
}

std::string PreTrainedModel::class_name() const { return class_name_of(typeid(*this)); }

std::string PreTrainedModel::base_model_prefix() const { return {}; }

StateDict PreTrainedModel::named_state() const {
  StateDict state;
  append_state(*this, "", state);
  return state;
}

std::int64_t PreTrainedModel::num_parameters(bool only_trainable) const {
  std::int64_t count = 0;
  std::unordered_set<const void*> seen;  // tied parameters come once for each of their names
  for (const at::Tensor& parameter : parameters()) {
    if (!seen.insert(parameter.unsafeGetTensorImpl()).second) continue;
    if (parameter.requires_grad() || !only_trainable) count += parameter.numel();
  }
  return count;
}

double PreTrainedModel::floating_point_ops(const Batch& batch) const {
  const auto input = batch.find(main_input_name());
  if (input == batch.end()) return 0;
  if (!parameters_without_embeddings_) {  // counted once: it goes over all modules
    parameters_without_embeddings_ = num_parameters();
    for (const auto& module : modules()) {
      if (const auto* embedding = module->as<torch::nn::EmbeddingImpl>()) {
        *parameters_without_embeddings_ -= embedding->weight.numel();
      }
    }
  }
  return 6.0 * static_cast<double>(input->second.numel()) *
         static_cast<double>(*parameters_without_embeddings_);
}

at::Tensor PreTrainedModel::neftune(at::Tensor embeddings) {
  neftune_.used = true;
  if (neftune_.alpha == 0 || !is_training()) return embeddings;
  const auto size = static_cast<double>(embeddings.size(1) * embeddings.size(2));
  const double magnitude = neftune_.alpha / std::sqrt(size);
  return embeddings + torch::zeros_like(embeddings).uniform_(-magnitude, magnitude);
}

void PreTrainedModel::set_dtype(const std::string& name) {
  const std::optional<at::ScalarType> type = scalar_type_of_python(name);
  if (!type || !at::isFloatingType(*type)) {
    throw InvalidArgumentError(fmt::format(
        "dtype '{}' is not a float type. Use float32, bfloat16, float16 or float64.", name));
  }
  const torch::NoGradGuard no_grad;
  for (auto& [key, tensor] : named_state()) {
    if (tensor.is_floating_point()) tensor.set_data(tensor.to(*type));
  }
}

}  // namespace torchhub
