#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "trainer/checkpoint_files.h"
#include "trainer/training_run.h"

#include <fmt/format.h>

#include <string_view>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// Whose checkpoint holds an entry of that name; empty: that of one that trains whole models.
std::string_view sharding_library(std::string_view name) {
  if (name.starts_with("pytorch_model_fsdp") || name == "optimizer_0") return "FSDP";
  if (name.starts_with("global_step") || name == "zero_to_fp32.py") return "DeepSpeed";
  return {};
}

/// Runs of FSDP and DeepSpeed keep the weights in pieces that only they can put together.
void refuse_sharded(const fs::path& checkpoint) {
  std::error_code error;  // a folder that is not there is named later
  for (const auto& entry : fs::directory_iterator(checkpoint, error)) {
    const std::string name = entry.path().filename().string();
    const std::string_view library = sharding_library(name);
    if (library.empty()) continue;
    throw CheckpointError(fmt::format(
        "'{}' is a checkpoint of a {} run ('{}' is in it), which torchhub cannot read. Save full "
        "weights there (in Python: trainer.save_model()), and load those.",
        checkpoint.string(), library, name));
  }
}

}  // namespace

CheckpointError damaged_file(const fs::path& file, const std::string& problem) {
  return CheckpointError(
      fmt::format("'{}' is damaged: {} Choose another checkpoint.", file.string(), problem));
}

TrainerState read_checkpoint_state(const fs::path& checkpoint) {
  refuse_sharded(checkpoint);
  const fs::path file = checkpoint / "trainer_state.json";
  if (!is_complete_checkpoint(checkpoint)) {
    throw CheckpointError(
        fmt::format("'{}' is not a complete checkpoint: it has no trainer_state.json, or its save "
                    "was cut short. Choose another one.",
                    checkpoint.string()));
  }
  try {
    TrainerState state = trainer_state_from_json_text(read_file(file));
    if (state.global_step < 0) throw damaged_file(file, "its global_step is below 0.");
    return state;
  } catch (const InvalidArgumentError& error) {
    throw damaged_file(file, error.what());
  }
}

void TrainingRun::resume(const fs::path& checkpoint) {
  TrainerState saved = read_checkpoint_state(checkpoint);
  restore_place(checkpoint, saved.global_step);
  if (saved.global_step > plan_.max_steps) {
    throw CheckpointError(
        fmt::format("'{}' was saved at step {}, after the {} steps of this run. Raise max_steps or "
                    "num_train_epochs, or choose an earlier checkpoint.",
                    checkpoint.string(), saved.global_step, plan_.max_steps));
  }
  if (saved.train_batch_size && *saved.train_batch_size != plan_.train_batch_size) {
    log::warning("resume_with_another_batch_size",
                 {{"checkpoint", *saved.train_batch_size}, {"now", plan_.train_batch_size}});
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
  state_.is_hyper_param_search = saved.is_hyper_param_search;
  state_.trial_name = std::move(saved.trial_name);
  state_.trial_params = std::move(saved.trial_params);
  if (args_.restore_callback_states_from_checkpoint) {
    impl_.callbacks.restore(saved.stateful_callbacks);
  }
  // Restored or not: later saves carry on those of callbacks that are not here.
  state_.stateful_callbacks = std::move(saved.stateful_callbacks);
  load_optimizer_and_schedule(checkpoint);
  require_same_step(checkpoint);
  if (const fs::path file = checkpoint / rng_state_name(impl_.processes); fs::exists(file)) {
    rng_file_ = file;
    // By value: rotation may delete the checkpoint that this run came from.
    python_rng_ = python_rng_of(file, std::move(python_rng_));
  } else {
    log::warning("resume_without_random_states",
                 {{"checkpoint", checkpoint.string()},
                  {"missing", rng_state_name(impl_.processes)},
                  {"effect", "random numbers start afresh: the run will not be exact"}});
  }
  log::info("resumed", {{"checkpoint", checkpoint.string()}, {"step", state_.global_step}});
}

/// As in Python, both or none: moments of step n do not go with the rate of step 0.
void TrainingRun::load_optimizer_and_schedule(const fs::path& checkpoint) {
  if (const fs::path file = checkpoint / "scaler.pt"; impl_.scaler && fs::exists(file)) {
    load_scaler(*impl_.scaler, file);
  }
  const fs::path optimizer_file = checkpoint / "optimizer.pt";
  const fs::path scheduler_file = checkpoint / "scheduler.pt";
  for (const fs::path& file : {optimizer_file, scheduler_file}) {
    if (fs::exists(file)) continue;
    log::warning("resume_without_optimizer_and_schedule",
                 {{"checkpoint", checkpoint.string()},
                  {"missing", file.filename().string()},
                  {"effect", "both start afresh: the run will not be exact"}});
    return;
  }
  load_optimizer(*optimizer_, model_, optimizer_file, impl_.resumed_rates);
  load_scheduler(*scheduler_, scheduler_file, impl_.resumed_rates);
}

void TrainingRun::restore_random_states() {
  load_rng_state(*rng_file_, cuda_device(impl_.device()));
  rng_file_.reset();
}

}  // namespace torchhub
