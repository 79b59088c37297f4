#pragma once

#include "torchhub/training/arguments.h"

#include <array>
#include <string_view>
#include <utility>

namespace torchhub {

/// The words that users type for an enumeration.
template <typename Enum>
struct EnumWords;

template <>
struct EnumWords<IntervalStrategy> {
  static constexpr std::array<std::pair<IntervalStrategy, std::string_view>, 3> kWords{
      {{IntervalStrategy::no, "no"},
       {IntervalStrategy::steps, "steps"},
       {IntervalStrategy::epoch, "epoch"}}};
};
template <>
struct EnumWords<SaveStrategy> {
  static constexpr std::array<std::pair<SaveStrategy, std::string_view>, 3> kWords{
      {{SaveStrategy::no, "no"}, {SaveStrategy::steps, "steps"}, {SaveStrategy::epoch, "epoch"}}};
};
template <>
struct EnumWords<HubStrategy> {
  static constexpr std::array<std::pair<HubStrategy, std::string_view>, 4> kWords{
      {{HubStrategy::end, "end"},
       {HubStrategy::every_save, "every_save"},
       {HubStrategy::checkpoint, "checkpoint"},
       {HubStrategy::all_checkpoints, "all_checkpoints"}}};
};
template <>
struct EnumWords<SchedulerType> {
  static constexpr std::array<std::pair<SchedulerType, std::string_view>, 4> kWords{
      {{SchedulerType::linear, "linear"},
       {SchedulerType::constant, "constant"},
       {SchedulerType::constant_with_warmup, "constant_with_warmup"},
       {SchedulerType::cosine, "cosine"}}};
};

template <typename Enum>
std::string_view word_of(Enum value) {
  for (const auto& [candidate, word] : EnumWords<Enum>::kWords) {
    if (candidate == value) return word;
  }
  return "";
}

/// Calls `visit(name, field)` for every field, in the order of the struct: the one list of them.
template <typename Arguments, typename Visitor>
void for_each_field(Arguments& a, Visitor&& visit) {
  visit("output_dir", a.output_dir);
  visit("per_device_train_batch_size", a.per_device_train_batch_size);
  visit("per_device_eval_batch_size", a.per_device_eval_batch_size);
  visit("gradient_accumulation_steps", a.gradient_accumulation_steps);
  visit("num_train_epochs", a.num_train_epochs);
  visit("max_steps", a.max_steps);
  visit("learning_rate", a.learning_rate);
  visit("lr_scheduler_type", a.lr_scheduler_type);
  visit("warmup_steps", a.warmup_steps);
  visit("weight_decay", a.weight_decay);
  visit("adam_beta1", a.adam_beta1);
  visit("adam_beta2", a.adam_beta2);
  visit("adam_epsilon", a.adam_epsilon);
  visit("max_grad_norm", a.max_grad_norm);
  visit("logging_strategy", a.logging_strategy);
  visit("logging_steps", a.logging_steps);
  visit("logging_first_step", a.logging_first_step);
  visit("logging_nan_inf_filter", a.logging_nan_inf_filter);
  visit("eval_strategy", a.eval_strategy);
  visit("eval_steps", a.eval_steps);
  visit("eval_on_start", a.eval_on_start);
  visit("save_strategy", a.save_strategy);
  visit("save_steps", a.save_steps);
  visit("save_total_limit", a.save_total_limit);
  visit("save_only_model", a.save_only_model);
  visit("push_to_hub", a.push_to_hub);
  visit("hub_model_id", a.hub_model_id);
  visit("hub_strategy", a.hub_strategy);
  visit("hub_token", a.hub_token);
  visit("hub_private_repo", a.hub_private_repo);
  visit("hub_revision", a.hub_revision);
  visit("hub_always_push", a.hub_always_push);
  visit("ignore_data_skip", a.ignore_data_skip);
  visit("seed", a.seed);
  visit("data_seed", a.data_seed);
  visit("dataloader_drop_last", a.dataloader_drop_last);
  visit("dataloader_num_workers", a.dataloader_num_workers);
  visit("dataloader_prefetch_factor", a.dataloader_prefetch_factor);
  visit("disable_tqdm", a.disable_tqdm);
}

}  // namespace torchhub
