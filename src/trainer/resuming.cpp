#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/base/python_format.h"
#include "trainer/training_run.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

TrainerState read_state(const fs::path& checkpoint) {
  const fs::path file = checkpoint / "trainer_state.json";
  if (!is_complete_checkpoint(checkpoint)) {
    throw CheckpointError(
        fmt::format("'{}' is not a complete checkpoint: it has no trainer_state.json, or its save "
                    "was cut short. Choose another one.",
                    checkpoint.string()));
  }
  try {
    return trainer_state_from_json_text(read_file(file));
  } catch (const InvalidArgumentError& error) {
    throw CheckpointError(
        fmt::format("'{}' is damaged: {} Choose another checkpoint.", file.string(), error.what()));
  }
}

/// What only a torchhub checkpoint has; nothing for one that Python wrote.
std::optional<nlohmann::ordered_json> read_our_state(const fs::path& checkpoint) {
  const fs::path file = checkpoint / "torchhub_state.json";
  if (!fs::exists(file)) return std::nullopt;
  try {
    return parse_python_json(read_file(file));
  } catch (const InvalidArgumentError& error) {
    throw CheckpointError(fmt::format("'{}' is damaged: {}", file.string(), error.what()));
  }
}

}  // namespace

void TrainingRun::resume(const fs::path& checkpoint) {
  TrainerState saved = read_state(checkpoint);
  model_.load_state(checkpoint);
  if (saved.global_step > plan_.max_steps) {
    throw CheckpointError(
        fmt::format("'{}' was saved at step {}, after the {} steps of this run. Raise max_steps or "
                    "num_train_epochs, or choose an earlier checkpoint.",
                    checkpoint.string(), saved.global_step, plan_.max_steps));
  }
  if (saved.train_batch_size != 0 && saved.train_batch_size != plan_.train_batch_size) {
    log::warning("resume_with_another_batch_size",
                 {{"checkpoint", saved.train_batch_size}, {"now", plan_.train_batch_size}});
  }
  // What this run was asked for stays; what has happened comes from the checkpoint.
  state_.epoch = saved.epoch;
  state_.global_step = saved.global_step;
  state_.log_history = std::move(saved.log_history);
  state_.best_metric = saved.best_metric;
  state_.best_global_step = saved.best_global_step;
  state_.best_model_checkpoint = saved.best_model_checkpoint;
  state_.total_flos = saved.total_flos;
  state_.num_input_tokens_seen = saved.num_input_tokens_seen;
  trainer_.callbacks.restore(saved.stateful_callbacks);

  last_logged_step_ = state_.global_step;
  if (const auto ours = read_our_state(checkpoint)) {
    total_loss_ = ours->value("total_loss", 0.0);
    loss_since_log_ = ours->value("loss_since_log", 0.0);
    last_logged_step_ = ours->value("last_logged_step", state_.global_step);
  }
  load_optimizer_and_rate(checkpoint);
  if (fs::exists(checkpoint / "rng_state.pth")) {
    resumed_from_ = checkpoint;
    rng_source_ = checkpoint / "rng_state.pth";
  }
  log::info("resumed", {{"checkpoint", checkpoint.string()}, {"step", state_.global_step}});
}

void TrainingRun::load_optimizer_and_rate(const fs::path& checkpoint) {
  if (!fs::exists(checkpoint / "optimizer.pt")) {
    log::warning("resume_without_optimizer",
                 {{"checkpoint", checkpoint.string()},
                  {"effect", "the optimizer starts afresh: the run will not be exact"}});
    return;
  }
  const auto saved_rate =
      load_optimizer(*optimizer_, decay_groups(model_), checkpoint / "optimizer.pt");
  if (!saved_rate || *saved_rate == base_rate_) return;
  log::warning("resume_with_another_learning_rate",
               {{"checkpoint", *saved_rate}, {"now", base_rate_}, {"used", *saved_rate}});
  base_rate_ = *saved_rate;  // as Python does: settings of the optimizer come from the file
}

void TrainingRun::restore_random_states() {
  load_rng_state(*resumed_from_ / "rng_state.pth");
  resumed_from_.reset();
}

}  // namespace torchhub
