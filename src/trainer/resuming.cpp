#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/base/python_format.h"
#include "trainer/training_run.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

CheckpointError damaged(const fs::path& file, const std::string& problem) {
  return CheckpointError(
      fmt::format("'{}' is damaged: {} Choose another checkpoint.", file.string(), problem));
}

TrainerState read_state(const fs::path& checkpoint) {
  const fs::path file = checkpoint / "trainer_state.json";
  if (!is_complete_checkpoint(checkpoint)) {
    throw CheckpointError(
        fmt::format("'{}' is not a complete checkpoint: it has no trainer_state.json, or its save "
                    "was cut short. Choose another one.",
                    checkpoint.string()));
  }
  try {
    TrainerState state = trainer_state_from_json_text(read_file(file));
    if (state.global_step < 0) throw damaged(file, "its global_step is below 0.");
    return state;
  } catch (const InvalidArgumentError& error) {
    throw damaged(file, error.what());
  }
}

}  // namespace

void TrainingRun::resume(const fs::path& checkpoint) {
  TrainerState saved = read_state(checkpoint);
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
  model_.load_state(checkpoint);
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

  if (!args_.ignore_data_skip) updates_to_skip_ = state_.global_step % plan_.updates_per_epoch;
  read_running_sums(checkpoint);
  load_optimizer_and_rate(checkpoint);
  if (const fs::path file = checkpoint / "rng_state.pth"; fs::exists(file)) {
    rng_file_ = file;
    // By value: rotation may delete the checkpoint that this run came from.
    python_rng_ = python_rng_of(file, std::move(python_rng_));
  }
  log::info("resumed", {{"checkpoint", checkpoint.string()}, {"step", state_.global_step}});
}

void TrainingRun::read_running_sums(const fs::path& checkpoint) {
  first_counted_step_ = state_.global_step;
  last_logged_step_ = state_.global_step;
  const fs::path file = checkpoint / "torchhub_state.json";
  if (!fs::exists(file)) return;  // Python wrote the checkpoint
  try {
    const nlohmann::ordered_json ours = parse_python_json(read_file(file));
    total_loss_ = ours.at("total_loss").get<double>();
    first_counted_step_ = ours.at("first_counted_step").get<std::int64_t>();
    loss_since_log_ = ours.at("loss_since_log").get<double>();
    last_logged_step_ = ours.at("last_logged_step").get<std::int64_t>();
  } catch (const InvalidArgumentError& error) {
    throw damaged(file, error.what());
  } catch (const nlohmann::json::exception& error) {
    throw damaged(file, error.what());
  }
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
  load_rng_state(*rng_file_, cuda_device());
  rng_file_.reset();
}

}  // namespace torchhub
