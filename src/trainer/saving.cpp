#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/base/python_format.h"
#include "torchhub/base/random_id.h"
#include "trainer/checkpoint_files.h"
#include "trainer/flag_guard.h"
#include "trainer/training_run.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <typeinfo>

namespace torchhub {

namespace fs = std::filesystem;

namespace {

/// Has save_model() put off what is large, while it lives.
class DeferralGuard {
 public:
  DeferralGuard(DeferredFiles*& place, DeferredFiles* files) : place_(place) { place_ = files; }
  ~DeferralGuard() { place_ = nullptr; }
  DeferralGuard(const DeferralGuard&) = delete;
  DeferralGuard& operator=(const DeferralGuard&) = delete;

 private:
  DeferredFiles*& place_;
};

}  // namespace

bool Trainer::defers_weights() const { return typeid(*this) == typeid(Trainer); }

void Trainer::save_model(const std::optional<std::filesystem::path>& folder) {
  const TrainerOptions& options = impl_->options;
  if (impl_->processes.writes()) {
    const std::filesystem::path target = folder.value_or(options.args.output_dir);
    options.model->save_pretrained(target, {.deferred = impl_->deferred});
    for (const auto& file : options.processing_files) {
      if (file.parent_path() == target) continue;
      write_file_atomically(target / file.filename(), read_file(file));
    }
    write_training_args(options.args, target);
  }
  if (options.args.push_to_hub && !impl_->saves_for_itself) {
    push_to_hub({.commit_message = "Model save"});
  }
}

void Trainer::Impl::save_model_to(const std::filesystem::path& folder) {
  const FlagGuard for_itself(saves_for_itself);
  owner.save_model(folder);
}

void TrainingRun::save_checkpoint() {
  finish_save_under_way();
  owes_save_ = false;
  const auto start = impl_.options.clock->steady_now();
  const fs::path folder = args_.output_dir / checkpoint_name(state_.global_step);
  const std::vector<std::string> states = random_states();
  share_losses();
  if (impl_.processes.writes()) write_checkpoint(folder, states);
  share_best_checkpoint();
  ++output_.saves;
  add_stall(start);
  calm_since_ = impl_.options.clock->steady_now();
  if (impl_.pusher && args_.hub_strategy != HubStrategy::end) {
    impl_.callbacks.push_begin(impl_.event());
  }
  impl_.callbacks.save(impl_.event(), folder);
  announce_save();
}

/// All of it now, or with SaveMode::async what is small now and the rest on another thread.
void TrainingRun::write_checkpoint(const fs::path& folder,
                                   const std::vector<std::string>& random_states) {
  auto building = std::make_unique<AtomicFolder>(folder);
  if (impl_.options.save_mode == SaveMode::sync || saves_at_once_) {
    fill_checkpoint(building->path(), folder, random_states, nullptr);
    building->commit();
    saved_ = SavedCheckpoint{.folder = folder, .step = state_.global_step};
    return;
  }
  const bool hashes = impl_.pusher && args_.hub_strategy != HubStrategy::end;
  auto files = std::make_unique<DeferredFiles>(
      steady_memory(), DeferredFiles::Options{.sha256 = hashes, .memory = copies_});
  fill_checkpoint(building->path(), folder, random_states, files.get());
  if (calm_ > calm_.zero()) files->expect_keep_at(std::chrono::steady_clock::now() + calm_);
  writer_.begin({.step = state_.global_step,
                 .target = folder,
                 .folder = std::move(building),
                 .files = std::move(files)});
  if (impl_.options.save_copy == SaveCopy::clone) writer_.before_change();
}

/// Fixes what the checkpoint holds. @param later takes the large files; null: they are written
void TrainingRun::fill_checkpoint(const fs::path& building, const fs::path& folder,
                                  const std::vector<std::string>& random_states,
                                  DeferredFiles* later) {
  {
    const DeferralGuard put_off(impl_.deferred, trainer_.defers_weights() ? later : nullptr);
    impl_.save_model_to(building);
  }
  // Only a step that is saved can be loaded again as the best.
  if (state_.best_global_step) {
    const fs::path best = args_.output_dir / checkpoint_name(*state_.best_global_step);
    if (best == folder || fs::is_directory(best)) state_.best_model_checkpoint = best.string();
  }
  if (!args_.save_only_model) {
    save_optimizer(*optimizer_, scheduler_->base_rates(), building / "optimizer.pt", later);
    save_scheduler(*scheduler_, building / "scheduler.pt");
    if (impl_.scaler) save_scaler(*impl_.scaler, building / "scaler.pt");
    write_random_states(building, random_states);
  }
  write_file_atomically(building / kOwnState, own_state_text());

  state_.stateful_callbacks = impl_.callbacks.states_to_save(control_, state_.stateful_callbacks);
  write_file_atomically(building / "trainer_state.json",
                        to_json_text(state_, {.strict_json = impl_.options.strict_json}));
}

/// Where memory begins that only the optimizer's step changes.
std::unordered_set<const void*> TrainingRun::steady_memory() const {
  std::unordered_set<const void*> steady;
  for (const torch::Tensor& parameter : model_.parameters()) steady.insert(parameter.data_ptr());
  return steady;
}

/// The training thread waits for the disk.
void TrainingRun::wait_for_save() {
  if (auto saved = taken([this] { return writer_.wait(); })) saved_ = std::move(saved);
}

/// Who changes weights between two steps has them saved at once from now on, first of all at the
/// next chance; the run goes on.
std::optional<SavedCheckpoint> TrainingRun::taken(
    const std::function<std::optional<SavedCheckpoint>()>& take) {
  try {
    auto saved = take();
    if (saved) copies_->trim();
    return saved;
  } catch (const SpoiledSaveError& error) {
    copies_ = std::make_shared<ReusedMemory>();  // no save needs the old one's any more
    log::error("save_dropped", {{"error", error.what()}, {"from_now_on", "SaveMode::sync"}});
    saves_at_once_ = true;
    owes_save_ = true;
    ++output_.saves_dropped;
    --output_.saves;
    tell_of_dropped_push(error);
    return std::nullopt;
  }
}

/// on_push_begin was called at the save.
void TrainingRun::tell_of_dropped_push(const Error& why) {
  if (!impl_.pusher || args_.hub_strategy == HubStrategy::end) return;
  impl_.pusher->without_ending_the_run("a save that was dropped", state_.global_step,
                                       [&] { throw Error(why); });
}

/// A save that has become complete is told of, pushed, and may make older ones go.
void TrainingRun::announce_save() {
  if (!saved_) saved_ = taken([this] { return writer_.take_done(); });
  if (!saved_) return;
  SavedCheckpoint saved = *std::exchange(saved_, std::nullopt);
  saved.stall_seconds = std::exchange(save_stall_, 0);
  output_.save_write_seconds += saved.write_seconds;
  output_.save_hash_seconds += saved.hash_seconds;
  impl_.callbacks.saved(impl_.event(), saved);
  rotate_checkpoints(saved.step);
}

void TrainingRun::finish_save_under_way() {
  const auto start = impl_.options.clock->steady_now();
  wait_for_save();
  add_stall(start);
  announce_save();
}

/// What is not written yet is copied: the optimizer is about to change it.
void TrainingRun::let_save_go_on() {
  const auto start = impl_.options.clock->steady_now();
  if (calm_since_) calm_ = start - *calm_since_;
  writer_.before_change();
  add_stall(start);
}

void TrainingRun::add_stall(std::chrono::steady_clock::time_point start) {
  const double seconds = impl_.seconds_since(start);
  save_stall_ += seconds;
  output_.save_stall_seconds += seconds;
}

void TrainingRun::write_random_states(const fs::path& folder,
                                      const std::vector<std::string>& random_states) const {
  if (impl_.processes.alone()) {
    save_rng_state(folder / rng_state_name(impl_.processes), python_rng_,
                   cuda_device(impl_.device()));
  }
  for (std::size_t rank = 0; rank < random_states.size(); ++rank) {
    write_file_atomically(folder / rng_state_name(static_cast<int>(rank)), random_states[rank]);
  }
}

/// What Python keeps in memory only: the sums of losses, and the place in the data.
std::string TrainingRun::own_state_text() {
  const LossSums& sums = loss_.sums();
  // An epoch that a stop cuts short is gone back to; not one that a callback ends.
  const auto batches = loader_.num_batches();
  const bool over =
      control_.should_epoch_stop || no_batch_left_ || (batches && batches_done_ >= *batches);
  const bool next = over && epoch_ended_;
  const nlohmann::ordered_json ours{
      {"total_loss", sums.total_loss},
      {"first_counted_step", sums.first_counted_step},
      {"loss_since_log", sums.loss_since_log},
      {"last_logged_step", sums.last_logged_step},
      {"epoch", next ? place_.epoch + 1 : place_.epoch},
      {"samples_seen_in_epoch", next ? 0 : place_.samples_seen},
      {"epoch_is_over", over && !next},
      {"total_train_batch_size", plan_.total_batch_size},
      {"updates_ahead", updates_ahead_},
      {"learning_rate", used_rate_},
      {"grad_norm", grad_norm_},
  };
  return python_json(ours) + "\n";
}

/// @param newest step of the save that was just completed
void TrainingRun::rotate_checkpoints(std::int64_t newest) {
  if (!args_.save_total_limit || *args_.save_total_limit <= 0) return;
  std::optional<std::int64_t> best;
  if (state_.best_model_checkpoint) best = checkpoint_step(*state_.best_model_checkpoint);
  const auto limit = static_cast<std::size_t>(*args_.save_total_limit);
  for (const std::int64_t step : steps_to_delete(complete_checkpoints(args_.output_dir), limit,
                                                 {.newest = newest, .best = best})) {
    delete_checkpoint(args_.output_dir / checkpoint_name(step));
  }
}

/// Whoever sees it half deleted must not take it for whole, and the next run must know it for what
/// it is: first it gets the name of something unfinished, which remove_unfinished() takes.
void TrainingRun::delete_checkpoint(const fs::path& folder) {
  const fs::path aside =
      folder.parent_path() / fmt::format(".tmp-{}-{}", folder.filename().string(), random_hex(4));
  std::error_code error;
  fs::rename(folder, aside, error);
  const bool renamed = !error;
  if (renamed) fs::remove_all(aside, error);
  if (error) {
    log::warning("checkpoint_not_deleted",
                 {{"folder", (renamed ? aside : folder).string()}, {"error", error.message()}});
  }
}

void write_training_args(const TrainingArguments& args, const fs::path& folder) {
  write_file_atomically(folder / "training_args.json",
                        python_json(to_json(args), {.sort_keys = false}) + "\n");
}

std::optional<int> cuda_device(torch::Device device) {
  if (!device.is_cuda()) return std::nullopt;
  return device.has_index() ? device.index() : 0;
}

}  // namespace torchhub
