#include "torchhub/training/arguments.h"

#include <fmt/format.h>

#include <cmath>

namespace torchhub {
namespace {

constexpr double kMostUpdates = 1e12;  // a year of them at 30 a millisecond

class Checker {
 public:
  template <typename T>
  void require(bool right, std::string_view field, const T& value, std::string_view rule) {
    if (!right) found_.push_back(fmt::format("{} is {}; it must be {}.", field, value, rule));
  }

  /// A count of updates, or a fraction of all of them.
  void steps(std::string_view field, double value) {
    require(!(value > kMostUpdates), field, value, "at most 1e12");
    require(value > 0, field, value, "above 0: a number of updates, or a fraction of all below 1");
    require(!(value > 1) || value == std::floor(value), field, value,
            "a whole number where it is above 1");
  }

  void add(std::string problem) { found_.push_back(std::move(problem)); }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  std::vector<std::string> found_;
};

void check_optimizer(Checker& check, const TrainingArguments& a) {
  check.require(a.learning_rate >= 0 && std::isfinite(a.learning_rate), "learning_rate",
                a.learning_rate, "0 or above");
  check.require(a.warmup_steps >= 0 && a.warmup_steps <= kMostUpdates, "warmup_steps",
                a.warmup_steps, "0 or above: a number of updates, or a fraction of all below 1");
  check.require(a.weight_decay >= 0, "weight_decay", a.weight_decay, "0 or above");
  check.require(a.adam_beta1 >= 0 && a.adam_beta1 < 1, "adam_beta1", a.adam_beta1, "in [0, 1)");
  check.require(a.adam_beta2 >= 0 && a.adam_beta2 < 1, "adam_beta2", a.adam_beta2, "in [0, 1)");
  check.require(a.adam_epsilon >= 0, "adam_epsilon", a.adam_epsilon, "0 or above");
  check.require(a.max_grad_norm >= 0, "max_grad_norm", a.max_grad_norm, "0 (no clipping) or above");
}

void check_intervals(Checker& check, const TrainingArguments& a) {
  if (a.logging_strategy == IntervalStrategy::steps) check.steps("logging_steps", a.logging_steps);
  if (a.eval_strategy == IntervalStrategy::steps) {
    check.steps("eval_steps", a.eval_steps.value_or(a.logging_steps));
  }
  if (a.save_strategy == SaveStrategy::steps) check.steps("save_steps", a.save_steps);
}

void check_loader(Checker& check, const TrainingArguments& a) {
  check.require(a.dataloader_num_workers >= 0, "dataloader_num_workers", a.dataloader_num_workers,
                "0 or above");
  if (!a.dataloader_prefetch_factor) return;
  check.require(*a.dataloader_prefetch_factor > 0, "dataloader_prefetch_factor",
                *a.dataloader_prefetch_factor, "above 0");
  check.require(a.dataloader_num_workers > 0, "dataloader_prefetch_factor",
                *a.dataloader_prefetch_factor, "unset where dataloader_num_workers is 0");
}

}  // namespace

std::vector<std::string> problems(const TrainingArguments& a) {
  Checker check;
  check.require(!a.output_dir.empty(), "output_dir", "empty", "the name of a folder");
  check.require(a.per_device_train_batch_size > 0, "per_device_train_batch_size",
                a.per_device_train_batch_size, "above 0");
  check.require(static_cast<double>(a.max_steps) <= kMostUpdates, "max_steps", a.max_steps,
                "at most 1e12");
  check.require(!(a.num_train_epochs > kMostUpdates), "num_train_epochs", a.num_train_epochs,
                "at most 1e12");
  check.require(a.per_device_eval_batch_size > 0, "per_device_eval_batch_size",
                a.per_device_eval_batch_size, "above 0");
  check.require(a.gradient_accumulation_steps > 0, "gradient_accumulation_steps",
                a.gradient_accumulation_steps, "above 0");
  check.require(a.max_steps > 0 || a.num_train_epochs > 0, "num_train_epochs", a.num_train_epochs,
                "above 0 unless max_steps is set");
  check_optimizer(check, a);
  check_intervals(check, a);
  check_loader(check, a);
  if (a.push_to_hub && a.save_strategy == SaveStrategy::no && a.hub_strategy != HubStrategy::end) {
    check.add(
        fmt::format("hub_strategy is {}, but save_strategy is no, so nothing would be pushed; "
                    "use hub_strategy end or another save_strategy.",
                    to_string(a.hub_strategy)));
  }
  return check.take();
}

}  // namespace torchhub
