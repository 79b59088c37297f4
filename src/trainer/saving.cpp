#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/base/python_format.h"
#include "trainer/training_run.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// The control flags as Python keeps them among the callbacks' states.
CallbackState state_of(const TrainerControl& control) {
  return {.args = {{"should_epoch_stop", control.should_epoch_stop},
                   {"should_evaluate", control.should_evaluate},
                   {"should_log", control.should_log},
                   {"should_save", control.should_save},
                   {"should_training_stop", control.should_training_stop}}};
}

}  // namespace

void TrainingRun::save_checkpoint() {
  const auto start = trainer_.options.clock->steady_now();
  const fs::path folder = args_.output_dir / checkpoint_name(state_.global_step);
  write_checkpoint(folder);
  ++output_.saves;
  output_.save_stall_seconds += trainer_.seconds_since(start);
  if (trainer_.pusher && args_.hub_strategy != HubStrategy::end) {
    trainer_.callbacks.push_begin(trainer_.event());
  }
  trainer_.callbacks.save(trainer_.event(), folder);
  rotate_checkpoints();
}

void TrainingRun::write_checkpoint(const fs::path& folder) {
  AtomicFolder building(folder);
  model_.save_pretrained(building.path());
  write_file_atomically(building.path() / "training_args.json",
                        python_json(to_json(args_), {.sort_keys = false}) + "\n");
  if (!args_.save_only_model) {
    const SchedulerState rates{.base_rates = {base_rate_, base_rate_},
                               .last_epoch = state_.global_step,
                               .last_rates = {learning_rate(), learning_rate()}};
    save_optimizer(*optimizer_, rates, building.path() / "optimizer.pt");
    save_scheduler(rates, building.path() / "scheduler.pt");
    save_rng_state(building.path() / "rng_state.pth", python_rng_, cuda_device());
  }
  const nlohmann::ordered_json ours{{"total_loss", total_loss_},
                                    {"first_counted_step", first_counted_step_},
                                    {"loss_since_log", loss_since_log_},
                                    {"last_logged_step", last_logged_step_}};
  write_file_atomically(building.path() / "torchhub_state.json", python_json(ours) + "\n");

  state_.stateful_callbacks = trainer_.callbacks.states();
  state_.stateful_callbacks.emplace_back("TrainerControl", state_of(control_));
  write_file_atomically(building.path() / "trainer_state.json", to_json_text(state_));
  building.commit();
}

void TrainingRun::rotate_checkpoints() {
  if (!args_.save_total_limit || *args_.save_total_limit <= 0) return;
  const auto limit = static_cast<std::size_t>(*args_.save_total_limit);
  for (const std::int64_t step :
       steps_to_delete(complete_checkpoints(args_.output_dir), limit,
                       {.newest = state_.global_step, .best = state_.best_global_step})) {
    const fs::path folder = args_.output_dir / checkpoint_name(step);
    std::error_code error;
    fs::remove_all(folder, error);
    if (error) {
      log::warning("checkpoint_not_deleted",
                   {{"folder", folder.string()}, {"error", error.message()}});
    }
  }
}

}  // namespace torchhub
