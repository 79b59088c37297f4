#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/base/python_format.h"
#include "trainer/checkpoint_files.h"
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

void warn_of_missing(const fs::path& checkpoint, const std::string& file) {
  log::warning("resume_without_file",
               {{"checkpoint", checkpoint.string()},
                {"file", file},
                {"effect", "what it holds starts afresh: the run will not be exact"}});
}

/// Runs of FSDP and DeepSpeed keep the weights in pieces that only they can put together.
void refuse_sharded(const fs::path& checkpoint) {
  const auto refuse = [&](const std::string& what, const char* library) {
    throw CheckpointError(fmt::format(
        "'{}' is a checkpoint of a {} run ('{}' is in it), which torchhub cannot read. Save full "
        "weights there (in Python: trainer.save_model()), and load those.",
        checkpoint.string(), library, what));
  };
  for (const char* name : {"pytorch_model_fsdp_0", "optimizer_0", "pytorch_model_fsdp.bin"}) {
    if (fs::exists(checkpoint / name)) refuse(name, "FSDP");
  }
  if (fs::exists(checkpoint / "zero_to_fp32.py")) refuse("zero_to_fp32.py", "DeepSpeed");
}

}  // namespace

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
    if (state.global_step < 0) throw damaged(file, "its global_step is below 0.");
    return state;
  } catch (const InvalidArgumentError& error) {
    throw damaged(file, error.what());
  }
}

void TrainingRun::resume(const fs::path& checkpoint) {
  TrainerState saved = read_checkpoint_state(checkpoint);
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
  if (args_.restore_callback_states_from_checkpoint) {
    impl_.callbacks.restore(saved.stateful_callbacks);
  }
  restore_place(checkpoint);
  load_optimizer_and_schedule(checkpoint);
  require_same_step(checkpoint);
  if (const fs::path file = checkpoint / rng_state_name(impl_.processes); fs::exists(file)) {
    rng_file_ = file;
    // By value: rotation may delete the checkpoint that this run came from.
    python_rng_ = python_rng_of(file, std::move(python_rng_));
  } else {
    warn_of_missing(checkpoint, rng_state_name(impl_.processes));
  }
  log::info("resumed", {{"checkpoint", checkpoint.string()}, {"step", state_.global_step}});
}

/// The place in the data, and the sums of losses. Python keeps neither: there the place follows
/// from the step, and the sums begin again.
void TrainingRun::restore_place(const fs::path& checkpoint) {
  const std::int64_t step = state_.global_step;
  const std::int64_t updates = step % plan_.updates_per_epoch;
  place_ = {.epoch = step / plan_.updates_per_epoch,
            .samples_seen = updates * args_.gradient_accumulation_steps * plan_.samples_per_batch};
  LossSums sums{.first_counted_step = step, .last_logged_step = step};
  const fs::path file = checkpoint / kOwnState;
  if (fs::exists(file)) {
    try {
      const nlohmann::ordered_json ours = parse_python_json(read_file(file));
      sums = {.total_loss = ours.at("total_loss").get<double>(),
              .first_counted_step = ours.at("first_counted_step").get<std::int64_t>(),
              .loss_since_log = ours.at("loss_since_log").get<double>(),
              .last_logged_step = ours.at("last_logged_step").get<std::int64_t>()};
      // A checkpoint of torchhub 0.2 lacks the place; the step gives it.
      place_.epoch = ours.value("epoch", place_.epoch);
      place_.samples_seen = ours.value("samples_seen_in_epoch", place_.samples_seen);
    } catch (const InvalidArgumentError& error) {
      throw damaged(file, error.what());
    } catch (const nlohmann::json::exception& error) {
      throw damaged(file, error.what());
    }
  }
  if (place_.epoch < 0 || place_.samples_seen < 0) throw damaged(file, "its place is below 0.");
  if (args_.ignore_data_skip) place_.samples_seen = 0;
  loss_.restore(sums);
}

void TrainingRun::load_optimizer_and_schedule(const fs::path& checkpoint) {
  for (const char* name : {"optimizer.pt", "scheduler.pt"}) {
    if (fs::exists(checkpoint / name)) continue;
    warn_of_missing(checkpoint, name);
  }
  if (const fs::path file = checkpoint / "optimizer.pt"; fs::exists(file)) {
    load_optimizer(*optimizer_, model_, file);
  }
  if (const fs::path file = checkpoint / "scheduler.pt"; fs::exists(file)) {
    load_scheduler(*scheduler_, file);
  }
  if (const fs::path file = checkpoint / "scaler.pt"; impl_.scaler && fs::exists(file)) {
    load_scaler(*impl_.scaler, file);
  }
}

void TrainingRun::restore_random_states() {
  load_rng_state(*rng_file_, cuda_device(impl_.device()));
  rng_file_.reset();
}

}  // namespace torchhub
