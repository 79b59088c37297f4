#include "torchhub/callbacks/loop_pusher.h"

#include "callbacks/loop_history.h"
#include "callbacks/loop_save.h"
#include "push/root_weights.h"
#include "torchhub/callbacks/training_card.h"
#include "torchhub/models/model.h"
#include "torchhub/training/checkpoint.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace torchhub {
namespace {

LoopPusherOptions checked(LoopPusherOptions options) {
  auto found = problems(options);
  if (!found.empty()) {
    throw InvalidArgumentError("LoopPusherOptions are not valid", std::move(found));
  }
  if (!options.hub) options.hub = HubOptions::from_environment();
  if (options.hub_token) options.hub->token = options.hub_token;
  return options;
}

/// Each save writes them anew.
std::vector<std::string> frozen_files() {
  std::vector<std::string> files = root_weights();
  files.emplace_back("checkpoint/*");
  return files;
}

PushToHubCallbackOptions pusher_options(const LoopPusherOptions& options) {
  return {.output_dir = options.output_dir,
          .hub_model_id = options.hub_model_id,
          .hub_private_repo = options.hub_private_repo,
          .hub_revision = options.hub_revision,
          .hub = *options.hub,
          .moved_branch = options.moved_branch,
          .selection = options.selection,
          .frozen_files = frozen_files(),
          .time_limit = options.time_limit,
          .card = options.card,
          .card_mode = options.card_mode,
          .on_push_end = options.on_push_end};
}

}  // namespace

LoopPusher::LoopPusher(LoopPusherOptions options)
    : options_(checked(std::move(options))), pusher_(pusher_options(options_)) {
  pusher_.begin();  // from here on the folder is ours alone
  remove_unfinished(options_.output_dir);
  remove_unfinished(options_.output_dir / "_torchhub");
  if (options_.model) pusher_.learn_license(*options_.model);
}

void LoopPusher::on_train_begin(const LoopCheckpoint& from) {
  done_ = from;
  pusher_.begin_after(done_.global_step);
}

void LoopPusher::on_batch_end() {
  ++done_.global_step;
  pusher_.collect_outcomes();
  const bool saves = options_.save_strategy == IntervalStrategy::steps;
  if (!saves || done_.global_step % *options_.save_steps != 0) return;
  save_and_push(fmt::format("Training in progress steps {}", done_.global_step), progress());
}

void LoopPusher::on_epoch_end(const Metrics& logs) {
  done_.history.push_back(logs);  // it is over, even where saving it fails
  if (options_.save_strategy != IntervalStrategy::epoch) return;
  save_and_push(fmt::format("Training in progress epoch {}", done_.epoch()), progress(),
                options_.checkpoint ? &done_ : nullptr);
}

const std::vector<PushOutcome>& LoopPusher::on_train_end() {
  save_and_push("End of training", std::nullopt);
  return pusher_.finish();
}

std::optional<CardProgress> LoopPusher::progress() const {
  if (!options_.card_progress) return std::nullopt;
  return CardProgress{.step = done_.global_step};
}

void LoopPusher::save_and_push(const std::string& commit_message,
                               std::optional<CardProgress> progress,
                               const LoopCheckpoint* checkpoint) {
  LoopSave save{.commit_message = commit_message, .step = done_.global_step};
  if (options_.checkpoint) save.replaced = {"checkpoint/*"};
  save_loop(options_, save, checkpoint);
  pusher_.collect_outcomes();  // what they brought may be pinned
  pusher_.without_ending_the_run(commit_message, save.step, [&] {
    TrainingCard facts = pusher_.completed(
        with_place(options_.card, repo().id.str(), options_.hub->endpoint), done_.global_step);
    if (!facts.progress) facts.progress = progress;
    const std::string card = history_card(history_json(done_.history), facts, options_.model.get());
    pusher_.push(options_.output_dir, commit_message, save.step, pusher_.refreshed_card(card),
                 save.replaced);
  });
}

bool LoopPusher::pushed_all() const { return newest_arrived(outcomes()); }

}  // namespace torchhub
