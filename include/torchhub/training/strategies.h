#pragma once

#include <string>

/// The words of TrainingArguments that choose between behaviours, as transformers 5.12 spells them.
namespace torchhub {

enum class IntervalStrategy { no, steps, epoch };

/// `best`: whenever an evaluation gives a new best.
enum class SaveStrategy { no, steps, epoch, best };

enum class HubStrategy { end, every_save, checkpoint, all_checkpoints };

/// How the learning rate moves; training/schedule.h has the formulas.
enum class SchedulerType {
  linear,
  cosine,
  cosine_with_restarts,
  polynomial,
  constant,
  constant_with_warmup,
  inverse_sqrt,
  reduce_lr_on_plateau,
  cosine_with_min_lr,
  cosine_warmup_with_min_lr,
  warmup_stable_decay,
  greedy,
};

/// The optimizers that there are; other names of Python's are refused with the reason.
enum class OptimizerName { adamw_torch, adamw_torch_fused, sgd, adagrad, rmsprop, adafactor };

/// The order of training samples. Streams have an order of their own.
enum class SamplingStrategy { random, sequential, group_by_length };

/// Which input tokens `num_input_tokens_seen` counts.
enum class InputTokensSeen { no, all, non_padding };

std::string to_string(IntervalStrategy strategy);
std::string to_string(SaveStrategy strategy);
std::string to_string(HubStrategy strategy);
std::string to_string(SchedulerType type);
std::string to_string(OptimizerName name);
std::string to_string(SamplingStrategy strategy);
std::string to_string(InputTokensSeen which);

}  // namespace torchhub
