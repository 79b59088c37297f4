#pragma once

#include "support/golden.h"
#include "torchhub/training/adafactor.h"
#include "torchhub/training/optimizer.h"

#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::testing {

constexpr int kSteps = 5;
constexpr int kSavedAfter = 3;

/// The model of tools/make_golden_optimizers.py: weights and gradients that floats hold exactly.
class GoldenModel : public torch::nn::Module {
 public:
  explicit GoldenModel(at::ScalarType type) {
    add("first", {4, 3}, type);
    add("late", {2, 2, 3}, type);
    add("conv", {2, 3, 2, 2}, type);
    add("bias", {4}, type);
    add("unused_bias", {2}, type);
  }

  void set_gradients(int step) {
    for (int t = 0; t < 5; ++t) {
      at::Tensor& weight = parameters_of_it_[static_cast<std::size_t>(t)];
      weight.mutable_grad().reset();
      if (t == 4 || (t == 1 && step == 0)) continue;  // one is never used, one from step 1 on
      const at::Tensor index = at::arange(weight.numel(), at::kLong);
      const at::Tensor numbers = (index * 5 + (3 * step + t)).remainder(13) - 6;
      weight.mutable_grad() = (numbers.to(weight.scalar_type()) / 16).reshape(weight.sizes());
    }
  }

  void set_weights(const nlohmann::json& lists) {
    const torch::NoGradGuard no_gradients;
    for (std::size_t t = 0; t < parameters_of_it_.size(); ++t) {
      at::Tensor& weight = parameters_of_it_[t];
      weight.copy_(
          at::tensor(lists[t].get<std::vector<double>>(), at::kDouble).reshape(weight.sizes()));
    }
  }

  const std::vector<at::Tensor>& weights() const { return parameters_of_it_; }

 private:
  void add(const std::string& name, std::vector<std::int64_t> shape, at::ScalarType type) {
    const auto t = static_cast<std::int64_t>(parameters_of_it_.size());
    const at::Tensor index = at::arange(c10::multiply_integers(shape), at::kLong);
    const at::Tensor numbers = (index * 7 + 3 * t).remainder(11) - 5;
    parameters_of_it_.push_back(register_parameter(name, (numbers.to(type) / 8).reshape(shape)));
  }

  std::vector<at::Tensor> parameters_of_it_;
};

inline nlohmann::json golden_optimizers() {
  return nlohmann::json::parse(golden("optimizers/weights.json"));
}

inline OptimizerName optimizer_name(const std::string& word) {
  for (int i = 0; i <= static_cast<int>(OptimizerName::adafactor); ++i) {
    if (to_string(static_cast<OptimizerName>(i)) == word) return static_cast<OptimizerName>(i);
  }
  throw std::invalid_argument(word);
}

inline AdafactorOptions adafactor_options(const nlohmann::json& given, double weight_decay) {
  AdafactorOptions options{.weight_decay = weight_decay,
                           .scale_parameter = given.value("scale_parameter", false),
                           .relative_step = given.value("relative_step", false),
                           .warmup_init = given.value("warmup_init", false)};
  if (!options.relative_step) options.lr = 0.125;
  if (given.contains("beta1")) options.beta1 = given.at("beta1").get<double>();
  options.clip_threshold = given.value("clip_threshold", 1.0);
  return options;
}

inline std::unique_ptr<torch::optim::Optimizer> golden_optimizer(const nlohmann::json& golden_case,
                                                                 const GoldenModel& model) {
  const double decay = golden_case.at("weight_decay").get<double>();
  if (golden_case.contains("adafactor")) {
    return make_adafactor(decay_groups(model),
                          adafactor_options(golden_case.at("adafactor"), decay));
  }
  return make_optimizer(model, {.name = optimizer_name(golden_case.at("name").get<std::string>()),
                                .learning_rate = 0.125,
                                .weight_decay = decay,
                                .adam_beta1 = golden_case.value("adam_beta1", 0.9),
                                .adam_beta2 = golden_case.value("adam_beta2", 0.999),
                                .adam_epsilon = golden_case.value("adam_epsilon", 1e-8),
                                .optim_args = golden_case.value("optim_args", std::string())});
}

/// Updates number `first` to `end`, without `end`.
inline void run_golden_steps(GoldenModel& model, torch::optim::Optimizer& optimizer, int first,
                             int end) {
  for (int step = first; step < end; ++step) {
    model.set_gradients(step);
    set_learning_rate(optimizer, 0.125 / (step + 1));
    optimizer.step();
  }
}

}  // namespace torchhub::testing
