// Which model of a run is best, and how it comes back at the end.
#include "torchhub/base/log.h"
#include "trainer/training_run.h"
#include "weights/file_in_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace torchhub {

namespace fs = std::filesystem;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

/// @return true if it is strictly better than the best before; NaN never is
bool TrainingRun::note_best(const Metrics& metrics) {
  const std::string& name = *plan_.metric_for_best_model;
  const double value = metrics.at(name);
  // As in Python there is a best one from the first evaluation on, if only the worst possible:
  // with that early stopping counts evaluations that are NaN.
  if (!state_.best_metric) state_.best_metric = plan_.greater_is_better ? -kInfinity : kInfinity;
  const double best = *state_.best_metric;
  const bool better = plan_.greater_is_better ? value > best : value < best;
  if (!better) return false;
  state_.best_metric = value;
  if (metrics.is_whole(name)) state_.best_metric = static_cast<std::int64_t>(value);
  if (args_.save_strategy != SaveStrategy::no) state_.best_global_step = state_.global_step;
  return true;
}

void TrainingRun::load_best_model() {
  if (!state_.best_model_checkpoint) {
    log::warning("no_best_model_to_load",
                 {{"effect", "the model keeps the weights of the last update"},
                  {"cause", "no evaluated step was saved with a comparable metric"}});
    return;
  }
  const fs::path folder = *state_.best_model_checkpoint;
  const bool is_main = impl_.processes.is_main();
  // Another host may have no such files: the main process loads, and gives the weights to all.
  const std::string there = weight_file_in(folder) ? "there" : "";
  if (impl_.processes.group().broadcast_object(there).empty()) {
    log::warning("best_model_missing", {{"folder", folder.string()}});
    return;
  }
  if (is_main) model_.load_state(folder);
  impl_.processes.share_model(model_);
  impl_.weights_step = checkpoint_step(folder);
  // A file of strict_json has null for an infinity.
  const double metric = state_.best_metric.value_or(std::numeric_limits<double>::quiet_NaN());
  log::info("best_model_loaded", {{"folder", folder.string()}, {"metric", metric}});
}

/// With a limit of one, the best checkpoint alone is worth keeping. A run that went on from
/// elsewhere may not have it here: then nothing is deleted.
void TrainingRun::keep_only_best_checkpoint() {
  if (args_.save_total_limit != 1 || !state_.best_model_checkpoint) return;
  const auto best = checkpoint_step(*state_.best_model_checkpoint);
  const std::vector<std::int64_t> steps = complete_checkpoints(args_.output_dir);
  if (std::find(steps.begin(), steps.end(), best) == steps.end()) return;
  for (const std::int64_t step : steps) {
    if (step != best) delete_checkpoint(args_.output_dir / checkpoint_name(step));
  }
}

}  // namespace torchhub
