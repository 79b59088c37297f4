#include "base/folder_name.h"
#include "callbacks/hub_facts.h"
#include "push/branch.h"
#include "push/hub_card.h"
#include "push/pushed_card.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/callbacks/push_to_hub.h"

namespace torchhub {
namespace {

namespace fs = std::filesystem;

PushedCheckpoint pushed_checkpoint(HubStrategy strategy) {
  if (strategy == HubStrategy::checkpoint) return PushedCheckpoint::as_last;
  if (strategy == HubStrategy::all_checkpoints) return PushedCheckpoint::under_its_name;
  return PushedCheckpoint::none;
}

}  // namespace

std::string PushToHubCallback::default_name(const fs::path& output_dir) {
  return folder_name(output_dir);
}

void PushToHubCallback::begin() {
  if (has_begun_) return;
  repo_ = options_.init_hf_repo ? options_.init_hf_repo(client_) : created_repo();
  // An existing repository says nothing of whether this token may write to it.
  static_cast<void>(client_.auth_check(repo_, RepoAccess::write));
  make_branch(client_, repo_, target().revision);
  claim_ = journal_.claim(options_.other_process_wait);  // a refused token leaves no file behind
  adopt_remote_card();
  finish_what_was_left();
  has_begun_ = true;
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
  const auto card = card_on_hub(client_, repo_, target().revision);
  if (!card) return;
  // In this order: a process killed between them does it again.
  PushedCard(journal_, target().place()).note(*card);
  card_.adopt(*card);
}

PushTarget PushToHubCallback::target() const {
  return {.endpoint = client_.options().endpoint,
          .repo = repo_,
          .revision = options_.hub_revision.value_or(std::string(kDefaultRevision)),
          .pushes_saves = pushes_saves_ && options_.hub_strategy != HubStrategy::end,
          .checkpoint = pushed_checkpoint(options_.hub_strategy),
          .progress_unit = options_.progress_unit,
          .handed_over = handed_over_,
          .known = known_,
          .two_commits = options_.save_commits == SaveCommits::two,
          .card_keys = keys_given_for_card(),
          .overwrites_card = options_.card_mode == CardMode::overwrite,
          .selection = options_.selection};
}

void PushToHubCallback::note_handed_over(std::int64_t step) {
  handed_over_ = step;
  journal_.set_target(target());
}

}  // namespace torchhub
