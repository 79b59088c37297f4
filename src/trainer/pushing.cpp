// What a Trainer pushes, and the card that goes with it.
#include "callbacks/push_options.h"
#include "torchhub/callbacks/jit_checkpoint.h"
#include "torchhub/callbacks/training_card.h"
#include "trainer/trainer_impl.h"

#include <utility>

namespace torchhub {
namespace {

constexpr const char* kJitCheckpoint = "JITCheckpointCallback";

/// While a card is made of other weights than the model's of now.
class WeightsStepScope {
 public:
  WeightsStepScope(std::optional<std::int64_t>& place, std::optional<std::int64_t> step)
      : place_(place), before_(std::exchange(place, step)) {}
  ~WeightsStepScope() { place_ = before_; }
  WeightsStepScope(const WeightsStepScope&) = delete;
  WeightsStepScope& operator=(const WeightsStepScope&) = delete;

 private:
  std::optional<std::int64_t>& place_;
  std::optional<std::int64_t> before_;
};

}  // namespace

std::shared_ptr<PushToHubCallback> Trainer::Impl::make_pusher(
    const std::optional<std::string>& token) {
  HubOptions hub = hub_options();
  if (token) hub.token = token;
  auto to = PushToHubCallbackOptions::from_arguments(options.args, std::move(hub), options.card);
  to.init_hf_repo = options.init_hf_repo;
  to.moved_branch = options.moved_branch;
  to.save_commits = options.save_commits;
  to.card_mode = options.card_mode;
  to.selection = options.push_selection;
  to.time_limit = options.push_time_limit;
  to.on_push_end = [this](const PushOutcome& outcome) { callbacks.push_end(event(), outcome); };
  to.make_card = [this](const TrainerEvent& at) {
    const WeightsStepScope scope(weights_step, at.weights_step);
    return owner.model_card();
  };
  return std::make_shared<PushToHubCallback>(std::move(to));
}

bool Trainer::Impl::stopped_by_signal() {
  const auto jit = std::dynamic_pointer_cast<JitCheckpointCallback>(callbacks.find(kJitCheckpoint));
  return jit && jit->signalled();
}

std::string Trainer::model_card() const {
  const std::string name = impl_->pusher
                               ? impl_->pusher->repo().id.name
                               : PushToHubCallback::default_name(impl_->options.args.output_dir);
  TrainingCard facts = with_place(impl_->options.card, name, impl_->hub_options().endpoint);
  if (impl_->shows_plot()) facts.plot = kTrainingPlotFile;
  if (!facts.progress) facts.progress = impl_->progress_on_card();
  if (impl_->pusher) {
    if (impl_->options.card_how_to_use && !facts.how_to_use) facts.how_to_use = CardUsage{};
    facts = impl_->pusher->completed(std::move(facts), weights_step_of(impl_->event()));
  }
  return training_card(impl_->event(), std::move(facts));
}

CommitInfo Trainer::push_to_hub(const PushToHubOptions& options) {
  require_possible(options);
  if (!impl_->processes.is_main()) return {};
  const TrainingArguments& args = impl_->options.args;
  if (options.card) impl_->options.card = *options.card;
  if (!impl_->pusher) {
    const auto pusher = impl_->make_pusher(options.token);
    pusher->begin();  // where this fails, another token may do
    impl_->pusher = pusher;
  }
  impl_->callbacks.push_begin(impl_->event());
  if (options.blocking) impl_->pusher->finish();
  impl_->save_model_to(args.output_dir);
  impl_->draw_plot();
  return impl_->pusher->push_run(impl_->event(), options);
}

PushPlan Trainer::plan_push() const {
  const auto pusher = impl_->pusher ? impl_->pusher : impl_->make_pusher();
  return pusher->plan(model_card());
}

std::vector<PushOutcome> Trainer::wait_for_pushes() {
  return impl_->pusher ? impl_->pusher->finish() : std::vector<PushOutcome>{};
}

std::optional<CardProgress> Trainer::Impl::progress_on_card() {
  if (!options.card_progress || !training) return std::nullopt;
  if (stopped_by_signal()) return CardProgress{.step = state.global_step, .of = state.max_steps};
  return progress_of(event());
}

}  // namespace torchhub
