#include "torchhub/callbacks/push_to_hub.h"

#include "base/folder_name.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/callbacks/training_card.h"
#include "torchhub/hub/errors.h"
#include "torchhub/push/push_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// Never uploaded: our own files, checkpoints (they go by strategy), unfinished writes, and
/// Python's pickled arguments, which may hold a token.
PathFilter output_filter() {
  return {.ignore = {"_*", "checkpoint-*", ".tmp-*", "*/.tmp-*", ".cache/*", "training_args.bin",
                     "*/training_args.bin"}};
}

/// Weights at the repository's root. What a push does not bring must go: a loader would prefer an
/// old single file to new shards.
const std::vector<std::string>& root_weights() {
  static const std::vector<std::string> patterns{
      "model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors"};
  return patterns;
}

/// Of a checkpoint, what makes the model at the repository's root: all that Trainer::save_model()
/// wrote, but not what only a resume needs.
PathFilter model_filter() {
  return {.ignore = {"optimizer.pt", "scheduler.pt", "scaler.pt", "rng_state*.pth",
                     "trainer_state.json", "torchhub_state.json", "training_args.bin"}};
}

/// Metadata that the caller gave for this card: it wins over what an earlier card says.
std::vector<std::string> keys_given(const TrainingCard& card) {
  std::vector<std::string> keys;
  if (!card.language.empty()) keys.emplace_back("language");
  if (card.license) keys.emplace_back("license");
  if (card.base_model) keys.emplace_back("base_model");
  return keys;
}

/// Adds the time until the end of the scope to `total`.
class StallTimer {
 public:
  explicit StallTimer(double& total) : total_(total) {}
  ~StallTimer() {
    total_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  StallTimer(const StallTimer&) = delete;
  StallTimer& operator=(const StallTimer&) = delete;

 private:
  double& total_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Python's words: by step with strategy steps, else by epoch.
std::string progress_message(const TrainerEvent& event) {
  if (event.args.save_strategy == SaveStrategy::steps) {
    return fmt::format("Training in progress, step {}", event.state.global_step);
  }
  return fmt::format("Training in progress, epoch {}",
                     static_cast<std::int64_t>(event.state.epoch));
}

/// Runs on the worker's thread.
PushOutcome logged_push(const HubClient& client, const PushJob& job, const std::stop_token& stop) {
  log::info("push_started", {{"repo", job.repo.id.str()}, {"step", job.step}});
  PushOutcome outcome = push_job(client, job, stop);
  log::info(
      "push_finished",
      {{"commit", *outcome.commit_oid}, {"step", job.step}, {"bytes_sent", outcome.bytes_sent}});
  return outcome;
}

}  // namespace

PushToHubCallbackOptions PushToHubCallbackOptions::from_arguments(const TrainingArguments& a,
                                                                  HubOptions hub,
                                                                  TrainingCard card) {
  return {.output_dir = a.output_dir,
          .hub_model_id = a.hub_model_id,
          .hub_strategy = a.hub_strategy,
          .hub_always_push = a.hub_always_push,
          .hub_private_repo = a.hub_private_repo,
          .hub_revision = a.hub_revision,
          .hub = std::move(hub),
          .card = std::move(card)};
}

std::string PushToHubCallback::default_name(const fs::path& output_dir) {
  return folder_name(output_dir);
}

PushToHubCallback::PushToHubCallback(PushToHubCallbackOptions options)
    : options_(std::move(options)),
      client_(options_.hub),
      card_(options_.output_dir),
      worker_(std::make_unique<PushWorker>(
          [client = client_](const PushJob& job, const std::stop_token& stop) {
            return logged_push(client, job, stop);
          })) {}

PushToHubCallback::~PushToHubCallback() = default;

void PushToHubCallback::begin() {
  if (!repo_.id.name.empty()) return;
  repo_ = options_.init_hf_repo ? options_.init_hf_repo(client_) : created_repo();
  // An existing repository says nothing of whether this token may write to it.
  static_cast<void>(client_.auth_check(repo_, RepoAccess::write));
  if (options_.hub_revision && *options_.hub_revision != kDefaultRevision) {
    client_.create_branch(repo_, *options_.hub_revision, {.exist_ok = true});
  }
  adopt_remote_card();
}

Repo PushToHubCallback::created_repo() const {
  const std::string name = options_.hub_model_id.value_or(default_name(options_.output_dir));
  return client_
      .create_repo({.id = RepoId::parse(name)},
                   {.private_ = options_.hub_private_repo, .exist_ok = true})
      .repo;
}

/// A run in a fresh folder goes on with the words that users wrote on the Hub.
void PushToHubCallback::adopt_remote_card() {
  if (card_.has_card()) return;
  const std::string revision = options_.hub_revision.value_or(std::string(kDefaultRevision));
  try {
    card_.adopt(read_file(client_.hub_download(repo_, "README.md", {.revision = revision})));
  } catch (const EntryNotFoundError&) {
    return;  // none yet
  } catch (const RevisionNotFoundError&) {
    return;  // nor any commit
  }
}

void PushToHubCallback::on_init_end(const TrainerEvent& /*event*/) { begin(); }

void PushToHubCallback::on_step_end(const TrainerEvent& /*event*/) {
  collect(worker_->take_outcomes());
}

void PushToHubCallback::on_save(const TrainerEvent& event, const fs::path& checkpoint) {
  if (options_.hub_strategy == HubStrategy::end) return;
  const StallTimer timer(stall_seconds_);
  PushJob job = job_of_checkpoint(event, checkpoint);
  if (options_.hub_strategy == HubStrategy::checkpoint) {
    job.snapshot.add_folder(checkpoint, "last-checkpoint", {}, /*frozen=*/true);
    job.replaced.emplace_back("last-checkpoint/*");
  } else if (options_.hub_strategy == HubStrategy::all_checkpoints) {
    job.snapshot.add_folder(checkpoint, checkpoint.filename().string(), {}, /*frozen=*/true);
    job.droppable = false;  // every checkpoint is wanted
  }
  job.commit_message = progress_message(event);
  job.step = event.state.global_step;
  worker_->submit(std::move(job));
}

void PushToHubCallback::on_train_end(const TrainerEvent& event) {
  const StallTimer timer(stall_seconds_);
  if (options_.hub_strategy == HubStrategy::end) {
    PushJob job = job_of_folder(options_.output_dir, refreshed_card(event));
    job.commit_message = "End of training";
    job.step = event.state.global_step;
    worker_->submit(std::move(job));
  }
  collect(worker_->drain());
}

void PushToHubCallback::push(const fs::path& folder, const std::string& commit_message,
                             std::int64_t step, const std::optional<std::string>& card) {
  const StallTimer timer(stall_seconds_);
  begin();
  PushJob job = job_of_folder(folder, card);
  job.commit_message = commit_message;
  job.step = step;
  worker_->submit(std::move(job));
  collect(worker_->take_outcomes());
}

CommitInfo PushToHubCallback::push_and_wait(const fs::path& folder,
                                            const std::string& commit_message,
                                            const std::optional<std::string>& card) {
  const StallTimer timer(stall_seconds_);
  begin();
  collect(worker_->drain());
  PushJob job = job_of_folder(folder, card);
  job.commit_message = commit_message;
  const PushOutcome outcome = push_job(client_, job);
  return {.oid = outcome.commit_oid.value_or(""),
          .commit_url = outcome.commit_url.value_or(""),
          .commit_message = commit_message,
          .bytes_sent = outcome.bytes_sent};
}

const std::vector<PushOutcome>& PushToHubCallback::finish() {
  const StallTimer timer(stall_seconds_);
  collect(worker_->drain());
  return outcomes_;
}

std::string PushToHubCallback::generated_card(const TrainerEvent& event) const {
  if (options_.make_card) return options_.make_card(event);
  return training_card(event, with_place(options_.card, repo_.id.name, options_.hub.endpoint));
}

std::optional<std::string> PushToHubCallback::refreshed_card(const TrainerEvent& event) const {
  return card_.refresh(generated_card(event), keys_given(options_.card));
}

PushJob PushToHubCallback::empty_job() const {
  return {.repo = repo_,
          .revision = options_.hub_revision.value_or(std::string(kDefaultRevision)),
          .commit_message = {},
          .snapshot = Snapshot(options_.output_dir / "_torchhub"),
          .droppable = !options_.hub_always_push};
}

/// The files of output_dir, and over them those of the model.
PushJob PushToHubCallback::job_of_checkpoint(const TrainerEvent& event,
                                             const fs::path& checkpoint) const {
  PushJob job = empty_job();
  PathFilter beside = output_filter();
  beside.ignore.emplace_back("README.md");
  // Weights in output_dir are those of an older save.
  beside.ignore.insert(beside.ignore.end(), root_weights().begin(), root_weights().end());
  job.snapshot.add_folder(options_.output_dir, "", beside, /*frozen=*/false);
  job.snapshot.add_folder(checkpoint, "", model_filter(), /*frozen=*/true);
  if (const auto card = refreshed_card(event)) job.snapshot.add_text(*card, "README.md");
  job.replaced = root_weights();
  return job;
}

/// All that is in the folder.
PushJob PushToHubCallback::job_of_folder(const fs::path& folder,
                                         const std::optional<std::string>& card) const {
  PushJob job = empty_job();
  PathFilter filter = output_filter();
  if (card || !CardSync(folder).is_readable()) filter.ignore.emplace_back("README.md");
  job.snapshot.add_folder(folder, "", filter, /*frozen=*/false);
  if (card) job.snapshot.add_text(*card, "README.md");
  const PathFilter weights{.allow = root_weights()};
  const std::vector<std::string> paths = job.snapshot.paths();
  const bool brings_weights = std::any_of(
      paths.begin(), paths.end(), [&](const std::string& path) { return weights.takes(path); });
  if (brings_weights) job.replaced = root_weights();
  return job;
}

void PushToHubCallback::collect(std::vector<PushOutcome> outcomes) {
  for (PushOutcome& outcome : outcomes) {
    if (!outcome.error.empty()) {
      log::error("push_failed", {{"repo", repo_.id.str()},
                                 {"message", outcome.commit_message},
                                 {"error", outcome.error}});
    } else if (outcome.superseded) {
      log::info("push_superseded", {{"message", outcome.commit_message}});
    }
    outcomes_.push_back(std::move(outcome));
  }
}

}  // namespace torchhub
