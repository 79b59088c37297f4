#pragma once

#include "torchhub/card/training_card.h"
#include "torchhub/hub/client.h"
#include "torchhub/push/card_sync.h"
#include "torchhub/push/journal.h"
#include "torchhub/push/push_plan.h"
#include "torchhub/push/save_selection.h"
#include "torchhub/push/worker.h"
#include "torchhub/training/callback.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

class HubFacts;

/// How many commits a save makes where it brings a checkpoint besides the model.
enum class SaveCommits {
  one,  ///< Model, checkpoint and card belong together.
  two   ///< Python's: the second, "<message>, checkpoint", has the checkpoint.
};

/// What Python's Trainer.push_to_hub() takes.
struct PushToHubOptions {
  std::string commit_message = "End of training";
  /// A git tag for the commit, which the card's "How to use" then names. One that stands elsewhere
  /// is refused before anything is pushed.
  std::optional<std::string> tag = std::nullopt;
  /// Branch, made if missing, or `refs/pr/N`. Unset: that of the run.
  std::optional<std::string> revision = std::nullopt;
  std::optional<std::string> token = std::nullopt;  ///< Unset: that of the run.
  /// What the card says from now on, in place of what the run's options say.
  std::optional<TrainingCard> card = std::nullopt;
  /// Off: returns as soon as the files are copied, with a CommitInfo that names no commit yet; see
  /// Trainer::wait_for_pushes(). Not with a tag, which needs the commit.
  bool blocking = true;
};

struct PushToHubCallbackOptions {
  std::filesystem::path output_dir;  ///< The files in it go up too, but for `_*` and checkpoints.
  std::optional<std::string> hub_model_id = std::nullopt;  ///< Unset: the name of output_dir.
  HubStrategy hub_strategy = HubStrategy::every_save;
  ProgressUnit progress_unit = ProgressUnit::step;      ///< What commit messages count.
  bool hub_always_push = false;                         ///< Never let a newer save replace one.
  std::optional<bool> hub_private_repo = std::nullopt;  ///< Unset: the owner's default.
  std::optional<std::string> hub_revision =
      std::nullopt;     ///< Branch, made if missing; unset: main.
  HubOptions hub = {};  ///< Endpoint and token.
  /// Where others have committed meanwhile.
  MovedBranch moved_branch = MovedBranch::merge;
  SaveCommits save_commits = SaveCommits::one;
  SaveSelection selection = {};  ///< What of a save goes up, and how much at most.
  /// Patterns of files of output_dir that are replaced, never rewritten in place: push() takes hard
  /// links to them and does not copy them.
  std::vector<std::string> frozen_files = {};
  /// How long on_train_end() and finish() wait for what is on its way; what is left then stays on
  /// disk for the next start, or for `torchhub push resume`. Unset: as long as it takes.
  std::optional<std::chrono::milliseconds> time_limit = std::nullopt;
  /// How long begin() waits for another process that pushes from output_dir, such as
  /// `torchhub push resume`, or the run before that is about to end.
  std::chrono::milliseconds other_process_wait = std::chrono::minutes(1);
  /// Makes or finds the repository to push to. Unset: hub_model_id is created where it is missing.
  std::function<Repo(const HubClient&)> init_hf_repo = {};
  TrainingCard card = {.model_name = {}};  ///< What the card says beyond the run; see Trainer.
  CardMode card_mode = CardMode::merge;    ///< What becomes of a README.md that is there.
  /// The card of a save tells how far the run is (TrainingCard::progress); the end of the run takes
  /// that back, with a commit for the card alone if need be.
  bool card_progress = true;
  /// The card as generated now, before it is merged with what users wrote. Unset: training_card().
  std::function<std::string(const TrainerEvent&)> make_card = {};
  /// Told of each outcome as it becomes known, on the thread that calls the pusher.
  std::function<void(const PushOutcome&)> on_push_end = {};

  static PushToHubCallbackOptions from_arguments(const TrainingArguments& arguments, HubOptions hub,
                                                 TrainingCard card);
};

/// Pushes each save as one commit from a thread of its own, while training goes on: the model's
/// files at the repository's root, its card, and as `hub_strategy` says the whole checkpoint. What
/// goes up is a copy that later saves and rotation do not touch, and that outlives the process: a
/// run that is killed has its saves pushed by the next one (PushJournal). The card is README.md of
/// output_dir, at first the one on the Hub: it is refreshed with each push, and people's words in
/// it, here or there, stay. Files that hold a token are refused (push/secrets.h).
///
/// The Trainer uses it when push_to_hub is set. A hand-written loop has LoopPusher, which saves as
/// well; or, where it saves for itself: begin(), then push() after each save, then finish(). All
/// calls from one thread.
class PushToHubCallback final : public TrainerCallback {
 public:
  explicit PushToHubCallback(PushToHubCallbackOptions options);
  ~PushToHubCallback() override;

  std::string name() const override { return "PushToHubCallback"; }
  void on_init_end(const TrainerEvent& event) override;
  /// Hands over the newest checkpoint of a run before this one, if its process was killed before it
  /// could.
  void on_train_begin(const TrainerEvent& event) override;
  void on_step_end(const TrainerEvent& event) override;
  void on_save(const TrainerEvent& event, const std::filesystem::path& checkpoint) override;
  void on_saved(const TrainerEvent& event, const SavedCheckpoint& checkpoint) override;
  /// With hub_strategy end pushes output_dir. Where the best model has been loaded and is not that
  /// of the newest save, pushes it to the repository's root. Where neither is so and the card on
  /// the Hub still says that training is in progress, pushes the card. Waits for all.
  void on_train_end(const TrainerEvent& event) override;
  /// Will on_train_end() push something that is not on its way yet?
  bool will_push_at_end(const TrainerEvent& event) const;

  /// Creates the repository and the branch, unless they are there, and goes on with what a process
  /// before this one saved and did not push. Fails early where the token may not write.
  /// Until this goes, no other process pushes from output_dir.
  /// @throws PushesTakenError; what HubClient::create_repo throws
  void begin();
  /// The repository's name where none is given: that of the folder.
  static std::string default_name(const std::filesystem::path& output_dir);
  /// Where it pushes to. After begin().
  const Repo& repo() const { return repo_; }

  /// What a save of now would bring: the newest checkpoint, what lies beside it, and the card. Asks
  /// no Hub, writes nothing. @throws as plan_save()
  PushPlan plan(const std::string& card) const;
  /// Hands over what is in `folder` now, but for `_*` and checkpoints, to be committed at the
  /// repository's root; returns when the files are copied, or linked where options.frozen_files
  /// says so. @throws DiskFullError, FileError
  /// @param card text of README.md; unset: the one in the folder, if any
  /// @param replaced patterns of files of the repository that go unless `folder` has them
  void push(const std::filesystem::path& folder, const std::string& commit_message,
            std::int64_t step = 0, const std::optional<std::string>& card = std::nullopt,
            const std::vector<std::string>& replaced = {});
  /// The same, but waits for everything handed over before and for this.
  /// @throws what HubClient::create_commit throws
  CommitInfo push_and_wait(const std::filesystem::path& folder, const std::string& commit_message,
                           const std::optional<std::string>& card = std::nullopt);
  /// Pushes output_dir with its refreshed_card(), after all that was handed over before.
  /// @return the commit; without `blocking`, nothing yet. @throws InvalidArgumentError for a tag
  /// that stands elsewhere: then nothing is pushed; what HubClient::create_commit throws
  CommitInfo push_run(const TrainerEvent& event, const PushToHubOptions& push);

  /// `facts` with what the repository and its Hub know besides, where `facts` do not say: the
  /// license of the base model and, if they have a how_to_use, where the model is loaded from.
  /// After begin(); asks nobody. @param weights_step updates behind the model's weights
  TrainingCard completed(TrainingCard facts, std::int64_t weights_step) const;

  /// README.md of output_dir brought up to date with the run, the user's words kept; as each push
  /// of a Trainer does. After begin(). @return its text; nothing if the one there cannot be read,
  /// which then is not pushed. @throws FileError, DiskFullError
  std::optional<std::string> refreshed_card(const TrainerEvent& event) const;
  /// The same with a card that the caller has just generated.
  std::optional<std::string> refreshed_card(const std::string& generated) const;
  /// Calls `action`. What it throws is told like a push that failed: the run is to go on.
  void without_ending_the_run(const std::string& commit_message, std::int64_t step,
                              const std::function<void()>& action);

  /// Asks the Hub, the first time, for the license of the base model where the card does not say.
  void learn_license(const torch::nn::Module& model);
  /// Training begins after this update: what was pushed of later ones are other weights.
  void begin_after(std::int64_t step);
  /// Tells of pushes that have ended since the last call, as on_step_end() does.
  void collect_outcomes();

  /// Waits until everything handed over has arrived or failed, or for options.time_limit.
  /// @return all outcomes so far
  const std::vector<PushOutcome>& finish();
  /// Those known so far, in the order in which they ended; of a push that was tried again the last.
  const std::vector<PushOutcome>& outcomes() const { return outcomes_; }
  /// Time that calls of on_save(), on_saved(), push(), on_train_end() and finish() took from the
  /// calling thread.
  double stall_seconds() const { return stall_seconds_; }
  /// Makes options.time_limit this long if it is longer: the machine is about to go.
  void shorten_time_limit(std::chrono::milliseconds limit) {
    options_.time_limit = std::min(limit, options_.time_limit.value_or(limit));
  }

 private:
  std::string generated_card(const TrainerEvent& event) const;
  std::vector<std::string> keys_given_for_card() const;
  PushTarget target() const;
  CommitInfo push_now(const PushJob& job);
  void tell(const PushOutcome& outcome);
  bool must_bring_best_model(const TrainerEvent& event) const;
  bool must_correct_card(const TrainerEvent& event) const;
  TrainerEvent at_newest_save(const TrainerEvent& event) const;
  std::optional<std::string> card_for_tag(const TrainerEvent& event, const std::string& tag) const;
  PushJob empty_job(const std::string& commit_message, std::int64_t step) const;
  /// A save, as it is announced with its commit.
  struct Announced {
    std::int64_t step = 0;
    std::string message = {};
    std::optional<std::string> card = std::nullopt;
  };
  Announced announced(const TrainerEvent& event) const;
  void hand_over(const Announced& save, const SavedCheckpoint& checkpoint);
  void hand_over_save_cut_off(const TrainerEvent& event, std::int64_t step);
  void hand_over_left(std::vector<PushJob> jobs);
  bool has_cut_off() const;
  void add_cut_off(const PushTarget& before, std::vector<PushJob>& left) const;
  void add_loop_save(const PushTarget& before, std::vector<PushJob>& left) const;
  void push_at_end(const std::string& commit_message, std::int64_t step,
                   const std::function<void(PushJob&)>& fill);
  void add_best_model(PushJob& job, const TrainerEvent& event) const;
  void submit(PushJob job);
  void note_handed_over(std::int64_t step);
  Repo created_repo() const;
  void adopt_remote_card();
  void finish_what_was_left();
  void go_on_after(const PushTarget& before, std::vector<PushJob>& left);
  bool is_for_another_hub(const PushJob& job) const;
  void collect(std::vector<PushOutcome> outcomes);
  void note_weights(const PushOutcome& outcome);
  void adopt_merged_card(const PushOutcome& outcome) const;

  PushToHubCallbackOptions options_;
  HubClient client_;
  CardSync card_;
  PushJournal journal_;
  std::shared_ptr<const void> claim_ = nullptr;  ///< From begin() on.
  Repo repo_ = {};
  Announced announced_ = {};      ///< By the last on_save().
  std::int64_t handed_over_ = 0;  ///< Step of the newest save that was handed over.
  /// Checkpoints that were there when the run began: PushTarget::known.
  std::map<std::int64_t, std::string> known_ = {};
  bool pushes_saves_ = false;            ///< Saves of a run are pushed, not folders by hand.
  bool has_begun_ = false;               ///< begin() has come to its end.
  std::unique_ptr<HubFacts> hub_facts_;  ///< For the card.
  std::vector<PushOutcome> outcomes_;
  double stall_seconds_ = 0;
  std::unique_ptr<PushWorker> worker_;  // last member: its thread ends before the rest goes
};

}  // namespace torchhub
