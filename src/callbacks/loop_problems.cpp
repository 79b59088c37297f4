#include "torchhub/callbacks/loop_pusher.h"

#include <fmt/format.h>

#include <set>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

void append_missing_files(std::vector<std::string>& found, const std::vector<fs::path>& files) {
  std::set<fs::path> names;
  for (const fs::path& file : files) {
    std::error_code error;  // what cannot be looked at is no file either
    if (!fs::is_regular_file(file, error)) {
      found.push_back(fmt::format("processing_files holds '{}', which is no file.", file.string()));
    } else if (!names.insert(file.filename()).second) {
      found.push_back(
          fmt::format("processing_files holds two files '{}'.", file.filename().string()));
    }
  }
}

}  // namespace

std::vector<std::string> problems(const LoopPusherOptions& options) {
  std::vector<std::string> found;
  if (options.output_dir.empty()) found.emplace_back("output_dir is required.");
  if (!options.model && !options.save_model) {
    found.emplace_back("Either model or save_model is required.");
  }
  if (options.save_strategy == IntervalStrategy::steps && options.save_steps.value_or(0) < 1) {
    found.emplace_back("save_strategy 'steps' needs save_steps, a number above 0.");
  }
  if (options.checkpoint && options.save_strategy != IntervalStrategy::epoch) {
    found.push_back(fmt::format("checkpoint goes with save_strategy 'epoch' alone, not with '{}'.",
                                to_string(options.save_strategy)));
  }
  if (options.checkpoint && !options.save_checkpoint) {
    found.emplace_back(
        "checkpoint needs save_checkpoint, which writes what the loop goes on from besides the "
        "model, such as the optimizer.");
  }
  append_missing_files(found, options.processing_files);
  return found;
}

}  // namespace torchhub
