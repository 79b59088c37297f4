#include "torchhub/training/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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

  template <typename T>
  void above_zero(std::string_view field, const std::optional<T>& value) {
    if (value) require(*value > 0, field, *value, "above 0");
  }

  void one_of(std::string_view field, const std::string& value,
              std::initializer_list<std::string_view> words) {
    if (std::find(words.begin(), words.end(), value) != words.end()) return;
    std::string list;
    for (const std::string_view word : words) {
      list += fmt::format("{}{}", list.empty() ? "" : ", ", word);
    }
    add(fmt::format("{} is '{}'; it must be one of {}.", field, value, list));
  }

  void add(std::string problem) { found_.push_back(std::move(problem)); }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  std::vector<std::string> found_;
};

void check_lengths(Checker& check, const TrainingArguments& a) {
  check.require(!a.output_dir.empty(), "output_dir", "empty", "the name of a folder");
  check.require(a.per_device_train_batch_size > 0, "per_device_train_batch_size",
                a.per_device_train_batch_size, "above 0");
  check.require(a.max_steps > 0 || a.num_train_epochs > 0, "num_train_epochs", a.num_train_epochs,
                "above 0 unless max_steps is set");
  check.require(!(a.num_train_epochs > kMostUpdates), "num_train_epochs", a.num_train_epochs,
                "at most 1e12");
  check.require(static_cast<double>(a.max_steps) <= kMostUpdates, "max_steps", a.max_steps,
                "at most 1e12");
  check.require(a.gradient_accumulation_steps > 0, "gradient_accumulation_steps",
                a.gradient_accumulation_steps, "above 0");
  check.require(a.per_device_eval_batch_size > 0, "per_device_eval_batch_size",
                a.per_device_eval_batch_size, "above 0");
}

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
  check.require(a.label_smoothing_factor >= 0 && a.label_smoothing_factor < 1,
                "label_smoothing_factor", a.label_smoothing_factor, "in [0, 1)");
  check.above_zero("neftune_noise_alpha", a.neftune_noise_alpha);
  check.above_zero("torch_empty_cache_steps", a.torch_empty_cache_steps);
}

void check_precision(Checker& check, const TrainingArguments& a) {
  if (a.fp16 && a.bf16) check.add("fp16 and bf16 are both true; choose one.");
  if (a.fp16_full_eval && a.bf16_full_eval) {
    check.add("fp16_full_eval and bf16_full_eval are both true; choose one.");
  }
}

void check_intervals(Checker& check, const TrainingArguments& a) {
  if (a.logging_strategy == IntervalStrategy::steps) check.steps("logging_steps", a.logging_steps);
  if (a.eval_strategy == IntervalStrategy::steps) {
    const bool own = a.eval_steps && *a.eval_steps != 0;
    check.steps(own ? "eval_steps" : "eval_steps (unset or 0, so logging_steps)",
                own ? *a.eval_steps : a.logging_steps);
  }
  if (a.save_strategy == SaveStrategy::steps) check.steps("save_steps", a.save_steps);
  check.require(a.eval_delay >= 0, "eval_delay", a.eval_delay, "0 or above");
  check.above_zero("eval_accumulation_steps", a.eval_accumulation_steps);
  for (const std::string& what : a.include_for_metrics) {
    check.one_of("include_for_metrics", what, {"inputs", "loss"});
  }
}

/// The best model can only be loaded if the step that was evaluated was saved too.
void check_best_model(Checker& check, const TrainingArguments& a) {
  const bool needs_metric = a.lr_scheduler_type == SchedulerType::reduce_lr_on_plateau ||
                            a.lr_scheduler_type == SchedulerType::greedy;
  if (needs_metric && a.eval_strategy == IntervalStrategy::no) {
    check.add(
        fmt::format("lr_scheduler_type is {}, but eval_strategy is no; it follows a metric, "
                    "so evaluate by steps or epoch.",
                    to_string(a.lr_scheduler_type)));
  }
  if (a.save_strategy == SaveStrategy::best && !a.metric_for_best_model &&
      !a.load_best_model_at_end && !needs_metric) {
    check.add("save_strategy is best, but metric_for_best_model is unset; name the metric.");
  }
  if (a.save_strategy == SaveStrategy::best && a.eval_strategy == IntervalStrategy::no) {
    check.add("save_strategy is best, but eval_strategy is no; evaluate by steps or epoch.");
  }
  if (!a.load_best_model_at_end || a.save_strategy == SaveStrategy::best) return;
  if (to_string(a.eval_strategy) != to_string(a.save_strategy)) {
    check.add(
        fmt::format("load_best_model_at_end needs eval_strategy and save_strategy alike; "
                    "they are {} and {}.",
                    to_string(a.eval_strategy), to_string(a.save_strategy)));
    return;
  }
  if (a.eval_strategy != IntervalStrategy::steps) return;
  const double eval_steps = a.eval_steps.value_or(0) != 0 ? *a.eval_steps : a.logging_steps;
  if (!(eval_steps > 0 && a.save_steps > 0)) return;  // said above
  if ((eval_steps < 1) != (a.save_steps < 1)) {
    check.add(
        fmt::format("load_best_model_at_end needs eval_steps and save_steps both as numbers "
                    "of updates or both as fractions; they are {} and {}.",
                    eval_steps, a.save_steps));
    return;
  }
  constexpr double kScale = 1e6;  // as Python does, against rounding
  const double scale = eval_steps < 1 ? kScale : 1;
  if (std::fmod(std::floor(a.save_steps * scale), std::floor(eval_steps * scale)) != 0) {
    check.add(
        fmt::format("load_best_model_at_end needs save_steps to be a multiple of eval_steps; "
                    "they are {} and {}.",
                    a.save_steps, eval_steps));
  }
}

void check_loader(Checker& check, const TrainingArguments& a) {
  check.require(a.dataloader_num_workers >= 0, "dataloader_num_workers", a.dataloader_num_workers,
                "0 or above");
  check.above_zero("ddp_bucket_cap_mb", a.ddp_bucket_cap_mb);
  check.require(a.ddp_timeout > 0, "ddp_timeout", a.ddp_timeout, "above 0 (seconds)");
  if (a.ddp_backend) check.one_of("ddp_backend", *a.ddp_backend, {"gloo", "nccl"});
  if (!a.dataloader_prefetch_factor) return;
  check.require(*a.dataloader_prefetch_factor > 0, "dataloader_prefetch_factor",
                *a.dataloader_prefetch_factor, "above 0");
  check.require(a.dataloader_num_workers > 0, "dataloader_prefetch_factor",
                *a.dataloader_prefetch_factor, "unset where dataloader_num_workers is 0");
}

void check_log_levels(Checker& check, const TrainingArguments& a) {
  for (const auto& [field, level] :
       {std::pair{"log_level", a.log_level}, std::pair{"log_level_replica", a.log_level_replica}}) {
    check.one_of(field, level, {"debug", "info", "warning", "error", "critical", "passive"});
  }
}

}  // namespace

std::vector<std::string> problems(const TrainingArguments& a) {
  Checker check;
  check_lengths(check, a);
  check_optimizer(check, a);
  check_precision(check, a);
  check_intervals(check, a);
  check_best_model(check, a);
  check_loader(check, a);
  check_log_levels(check, a);
  if (a.push_to_hub && a.save_strategy == SaveStrategy::no && a.hub_strategy != HubStrategy::end) {
    check.add(
        fmt::format("hub_strategy is {}, but save_strategy is no, so nothing would be pushed; "
                    "use hub_strategy end or another save_strategy.",
                    to_string(a.hub_strategy)));
  }
  return check.take();
}

}  // namespace torchhub
