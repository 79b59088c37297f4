#pragma once

#include "torchhub/training/arguments.h"

namespace torchhub {

/// What Python's TrainingArguments changes once it is made (transformers 5.12 `__post_init__`): a
/// leading `~` of output_dir is $HOME, evaluations by a strategy mean do_eval, and nothing is
/// pinned with use_cpu.
TrainingArguments settled(TrainingArguments arguments);

}  // namespace torchhub
