#include "training/arguments/settled_arguments.h"

#include <cstdlib>
#include <string>
#include <utility>

namespace torchhub {
namespace {

/// Only the user's own folder: `~ana/out` stays as it is.
std::filesystem::path expanded(const std::filesystem::path& path) {
  const std::string text = path.string();
  if (text != "~" && !text.starts_with("~/")) return path;
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? path : std::filesystem::path(home + text.substr(1));
}

}  // namespace

TrainingArguments settled(TrainingArguments arguments) {
  arguments.output_dir = expanded(arguments.output_dir);
  if (arguments.eval_strategy != IntervalStrategy::no) arguments.do_eval = true;
  if (arguments.use_cpu) arguments.dataloader_pin_memory = false;
  return arguments;
}

}  // namespace torchhub
