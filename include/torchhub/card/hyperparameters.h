#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace torchhub {

/// A number that shows as it was given: 3 as `3`, 3.0 as `3.0`.
using CardNumber = std::variant<std::int64_t, double>;

/// One line `- name: value` of a card.
struct CardLine {
  std::string name;
  std::string value;
  bool operator==(const CardLine&) const = default;
};

/// What a training was asked for, as the card lists it.
struct CardHyperparameters {
  double learning_rate = 5e-5;
  std::int64_t train_batch_size = 8;  ///< Samples a step and process.
  std::int64_t eval_batch_size = 8;   ///< The same for evaluation.
  std::uint64_t seed = 42;
  std::int64_t num_devices = 1;                ///< Processes of the run.
  std::string distributed_type = "multi-GPU";  ///< Shown when there are several processes.
  std::int64_t gradient_accumulation_steps = 1;
  std::string optimizer = "adamw_torch";  ///< Empty: no line.
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.999;
  double adam_epsilon = 1e-8;
  std::string optimizer_args = {};
  std::string lr_scheduler_type = "linear";
  CardNumber lr_scheduler_warmup_steps = std::int64_t{0};  ///< Below 1: part of all steps.
  std::optional<std::int64_t> training_steps =
      std::nullopt;  ///< Set: shown in place of num_epochs.
  CardNumber num_epochs = 3.0;
  bool fp16 = false;
  double label_smoothing_factor = 0;
  // Python's cards leave these out; here each is listed when it differs from its default.
  bool bf16 = false;
  double weight_decay = 0;
  double max_grad_norm = 1;
  std::string lr_scheduler_kwargs = {};  ///< As JSON.
  std::optional<std::uint64_t> data_seed = std::nullopt;
};

/// The list under "Training hyperparameters", in its order (transformers v5
/// `extract_hyperparameters_from_trainer`).
std::vector<CardLine> hyperparameter_lines(const CardHyperparameters& values);

}  // namespace torchhub
