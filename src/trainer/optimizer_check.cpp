// Whether a run could save the optimizer that it was given, said before hours are spent on it.
#include "torchhub/training/checkpoint.h"
#include "trainer/checkpoint_files.h"

namespace torchhub {

std::optional<std::string> saving_problem(const TrainingArguments& args,
                                          const torch::optim::Optimizer& optimizer) {
  const bool saves = args.save_strategy != SaveStrategy::no || args.enable_jit_checkpoint;
  if (!saves || args.save_only_model || can_save_optimizer(optimizer)) return std::nullopt;
  return "The state of this optimizer cannot be saved: torchhub knows LibTorch's Adam, AdamW, SGD, "
         "Adagrad and RMSprop and its own. Use one of these, or set save_only_model or "
         "save_strategy no.";
}

}  // namespace torchhub
