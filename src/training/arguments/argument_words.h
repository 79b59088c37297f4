#pragma once

#include "torchhub/training/strategies.h"

#include <array>
#include <string_view>
#include <utility>

namespace torchhub {

/// The words that users type for an enumeration.
template <typename Enum>
struct EnumWords;

template <typename Enum, std::size_t N>
using WordTable = std::array<std::pair<Enum, std::string_view>, N>;

template <>
struct EnumWords<IntervalStrategy> {
  using enum IntervalStrategy;
  static constexpr WordTable<IntervalStrategy, 3> kWords{
      {{no, "no"}, {steps, "steps"}, {epoch, "epoch"}}};
};
template <>
struct EnumWords<SaveStrategy> {
  using enum SaveStrategy;
  static constexpr WordTable<SaveStrategy, 4> kWords{
      {{no, "no"}, {steps, "steps"}, {epoch, "epoch"}, {best, "best"}}};
};
template <>
struct EnumWords<HubStrategy> {
  using enum HubStrategy;
  static constexpr WordTable<HubStrategy, 4> kWords{{{end, "end"},
                                                     {every_save, "every_save"},
                                                     {checkpoint, "checkpoint"},
                                                     {all_checkpoints, "all_checkpoints"}}};
};
template <>
struct EnumWords<SchedulerType> {
  using enum SchedulerType;
  static constexpr WordTable<SchedulerType, 12> kWords{
      {{linear, "linear"},
       {cosine, "cosine"},
       {cosine_with_restarts, "cosine_with_restarts"},
       {polynomial, "polynomial"},
       {constant, "constant"},
       {constant_with_warmup, "constant_with_warmup"},
       {inverse_sqrt, "inverse_sqrt"},
       {reduce_lr_on_plateau, "reduce_lr_on_plateau"},
       {cosine_with_min_lr, "cosine_with_min_lr"},
       {cosine_warmup_with_min_lr, "cosine_warmup_with_min_lr"},
       {warmup_stable_decay, "warmup_stable_decay"},
       {greedy, "greedy"}}};
};
template <>
struct EnumWords<OptimizerName> {
  using enum OptimizerName;
  static constexpr WordTable<OptimizerName, 6> kWords{{{adamw_torch, "adamw_torch"},
                                                       {adamw_torch_fused, "adamw_torch_fused"},
                                                       {sgd, "sgd"},
                                                       {adagrad, "adagrad"},
                                                       {rmsprop, "rmsprop"},
                                                       {adafactor, "adafactor"}}};
};
template <>
struct EnumWords<SamplingStrategy> {
  using enum SamplingStrategy;
  static constexpr WordTable<SamplingStrategy, 3> kWords{
      {{random, "random"}, {sequential, "sequential"}, {group_by_length, "group_by_length"}}};
};
template <>
struct EnumWords<InputTokensSeen> {
  using enum InputTokensSeen;
  static constexpr WordTable<InputTokensSeen, 3> kWords{
      {{no, "no"}, {all, "all"}, {non_padding, "non_padding"}}};
};

template <typename Enum>
std::string_view word_of(Enum value) {
  for (const auto& [candidate, word] : EnumWords<Enum>::kWords) {
    if (candidate == value) return word;
  }
  return "";
}

}  // namespace torchhub
