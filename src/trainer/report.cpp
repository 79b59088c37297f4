#include "callbacks/short_number.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/callbacks/training_card.h"
#include "trainer/checkpoint_files.h"
#include "trainer/flag_guard.h"
#include "trainer/trainer_impl.h"

#include <ATen/Parallel.h>

#include <fmt/format.h>

namespace torchhub {
namespace {

std::string push_line(const PushOutcome& push) {
  if (push.state == PushState::superseded) {
    return fmt::format("  {}: a newer save took its place\n", push.commit_message);
  }
  if (!push.ok()) {
    const char* what = push.state == PushState::failed ? "FAILED" : "NOT YET PUSHED";
    return fmt::format("  {}: {}: {}\n", push.commit_message, what, push.error);
  }
  return fmt::format("  {}: {} ({:.1f} MB, {:.1f} s)\n", push.commit_message, *push.commit_url,
                     static_cast<double>(push.bytes_sent) / 1e6, push.seconds);
}

}  // namespace

bool TrainOutput::pushed_all() const { return newest_arrived(pushes); }

std::string TrainOutput::full_report() const {
  std::string text =
      fmt::format("{} updates, training loss {}", global_step, short_number(training_loss));
  if (const auto runtime = metrics.get("train_runtime")) {
    text += fmt::format(", {:.1f} s", *runtime);
  }
  if (const auto rate = metrics.get("train_steps_per_second")) {
    text += fmt::format(", {:.2f} updates/s with {} thread(s)", *rate, at::get_num_threads());
  }
  text += fmt::format("\nsave stall: {:.3f} s for {} checkpoint(s)", save_stall_seconds, saves);
  if (save_write_seconds > 0) {
    text += fmt::format(
        ", written in {:.3f} s beside training ({:.3f} s of it hashing), {:.1f} MB copied by it "
        "and {:.1f} MB by the training thread; {:.3f} s at the end",
        save_write_seconds, save_hash_seconds, static_cast<double>(save_bytes_copied_ahead) / 1e6,
        static_cast<double>(save_bytes_copied) / 1e6, last_save_seconds);
  }
  text += "\n";
  if (pushes.empty()) return text;
  double seconds = 0;
  std::uint64_t bytes = 0;
  for (const PushOutcome& push : pushes) {
    seconds += push.seconds;
    bytes += push.bytes_sent;
  }
  text += fmt::format("push stall: {:.3f} s, {:.1f} MB sent in {:.3f} s beside training\npushes:\n",
                      push_stall_seconds, static_cast<double>(bytes) / 1e6, seconds);
  for (const PushOutcome& push : pushes) text += push_line(push);
  if (!pushed_all()) {
    text +=
        "The newest save is NOT on the Hub. It is in output_dir: push_to_hub(), the next start or "
        "'torchhub push resume' pushes it.\n";
  }
  return text;
}

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

std::string Trainer::model_card() const {
  const std::string name = impl_->pusher
                               ? impl_->pusher->repo().id.name
                               : PushToHubCallback::default_name(impl_->options.args.output_dir);
  TrainingCard facts = with_place(impl_->options.card, name, impl_->hub_options().endpoint);
  if (impl_->shows_plot()) facts.plot = kTrainingPlotFile;
  if (impl_->pusher) {
    if (impl_->options.card_how_to_use && !facts.how_to_use) facts.how_to_use = CardUsage{};
    facts = impl_->pusher->completed(std::move(facts), weights_step_of(impl_->event()));
  }
  return training_card(impl_->event(), std::move(facts));
}

CommitInfo Trainer::push_to_hub(const PushToHubOptions& options) {
  if (!impl_->processes.is_main()) return {};
  const TrainingArguments& args = impl_->options.args;
  if (!impl_->pusher) impl_->make_pusher();
  impl_->pusher->begin();
  impl_->callbacks.push_begin(impl_->event());
  impl_->pusher->finish();
  impl_->save_model_to(args.output_dir);
  impl_->draw_plot();
  return impl_->pusher->push_run(impl_->event(), options.commit_message, options.tag);
}

}  // namespace torchhub
