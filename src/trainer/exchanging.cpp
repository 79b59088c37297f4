// What the processes of a run tell each other. Every function that sends is called by all of them,
// at the same place of the loop.
#include "torchhub/base/atomic_file.h"
#include "trainer/checkpoint_files.h"
#include "trainer/training_run.h"

#include <fmt/format.h>

#include <utility>

namespace torchhub {

namespace fs = std::filesystem;

void TrainingRun::connect_gradients() {
  if (impl_.processes.alone()) return;
  impl_.exchange =
      std::make_unique<GradientExchange>(model_, impl_.processes.group(), exchange_options(args_));
}

/// Labels that count, on all processes or, if so asked, on this one. @param known whether this one
/// could count its own @return nothing if one could not
std::optional<std::int64_t> TrainingRun::total_items(std::int64_t items, bool known) const {
  if (impl_.processes.alone() || !args_.average_tokens_across_devices) {
    return known ? std::optional(items) : std::nullopt;
  }
  const torch::Tensor own = torch::tensor({items, std::int64_t{known ? 0 : 1}});
  const torch::Tensor all = impl_.processes.group().all_reduce(own);
  if (all[1].item<std::int64_t>() > 0) return std::nullopt;
  return all[0].item<std::int64_t>();
}

/// What one process decides, all do: a callback may have seen a signal, or read a clock. And all
/// know what has been counted together.
void TrainingRun::agree() {
  if (impl_.processes.alone()) return;
  bool* const flags[] = {&control_.should_training_stop, &control_.should_epoch_stop,
                         &control_.should_save, &control_.should_evaluate, &control_.should_log};
  std::vector<double> own;
  for (const bool* flag : flags) own.push_back(*flag ? 1 : 0);
  own.push_back(static_cast<double>(std::exchange(own_tokens_, 0)));
  own.push_back(std::exchange(own_flos_, 0));
  const torch::Tensor all = impl_.processes.group().all_reduce(torch::tensor(own, torch::kFloat64));
  const auto sums = all.accessor<double, 1>();
  std::int64_t i = 0;
  for (bool* const flag : flags) *flag = sums[i++] > 0;
  state_.num_input_tokens_seen += static_cast<std::int64_t>(sums[i++]);
  state_.total_flos += sums[i];
}

/// The logged loss is the mean over all processes. Each goes on with that mean, so that a run that
/// resumes, and knows nothing else, adds up the same numbers.
void TrainingRun::share_losses() {
  if (impl_.processes.alone()) return;
  LossSums sums = loss_.sums();
  const torch::Tensor own = torch::tensor({sums.total_loss, sums.loss_since_log}, torch::kFloat64);
  const torch::Tensor mean = impl_.processes.group().all_reduce(own, ReduceOp::mean);
  sums.total_loss = mean[0].item<double>();
  sums.loss_since_log = mean[1].item<double>();
  loss_.restore(sums);
}

/// The random state file of each process, in the order of their ranks; none for a single one.
std::vector<std::string> TrainingRun::random_states() {
  if (impl_.processes.alone() || args_.save_only_model) return {};
  const AtomicFolder scratch(args_.output_dir / "random-state");  // goes with the scope
  const fs::path file = scratch.path() / rng_state_name(impl_.processes);
  save_rng_state(file, python_rng_, cuda_device(impl_.device()), CudaStates::of_all);
  return impl_.processes.group().all_gather_object(read_file(file));
}

/// Which save is the best, the writer alone has seen. Nobody goes on before it has begun to write.
void TrainingRun::share_best_checkpoint() {
  if (impl_.processes.alone()) return;
  std::string best =
      impl_.processes.group().broadcast_object(state_.best_model_checkpoint.value_or(""));
  if (!best.empty()) state_.best_model_checkpoint = std::move(best);
}

/// Hosts with folders of their own may hold different saves.
void TrainingRun::require_same_step(const fs::path& checkpoint) const {
  if (impl_.processes.alone()) return;
  const auto steps = impl_.processes.group().all_gather_object(std::to_string(state_.global_step));
  for (std::size_t rank = 0; rank < steps.size(); ++rank) {
    if (steps[rank] == steps.front()) continue;
    throw CheckpointError(fmt::format(
        "The processes would go on from different saves: rank 0 from step {}, rank {} from step "
        "{}. Give all of them the same checkpoint; here it is '{}'.",
        steps.front(), rank, steps[rank], checkpoint.string()));
  }
}

}  // namespace torchhub
