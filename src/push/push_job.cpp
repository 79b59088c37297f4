#include "torchhub/push/push_job.h"

#include "push/git_tag.h"
#include "push/hub_card.h"
#include "push/moved_branch.h"
#include "push/pushed_card.h"
#include "push/root_card.h"
#include "push/root_weights.h"
#include "push/sent_files.h"
#include "push/try_again.h"
#include "push/with_token.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/hub/commit.h"
#include "torchhub/hub/errors.h"
#include "torchhub/hub/repo_info.h"
#include "torchhub/push/secrets.h"

#include <algorithm>
#include <map>
#include <utility>

namespace torchhub {
namespace {

/// Others commit now and then, not all the time: who loses so often has met something else.
constexpr int kJobTries = 5;

/// One call of push_job().
class Push {
 public:
  Push(const HubClient& client, const PushJob& job, const PushJournal& journal,
       std::stop_token stop)
      : client_(client),
        job_(job),
        journal_(journal),
        stop_(std::move(stop)),
        last_(journal.last_push()),
        paths_(job.snapshot.paths()),
        replaced_(job.replaced),
        pushed_card_(journal, job.place()),
        sent_files_(journal) {
    if (last_.has_overtaken(job)) keep_only_what_lasts();
    if (std::binary_search(paths_.begin(), paths_.end(), kRootCard)) {
      our_card_ = read_file(job.snapshot.folder() / kRootCard);
    }
  }

  PushOutcome run() {
    if (paths_.empty()) return {.state = PushState::superseded};
    if (job_.is_left && last_.has_arrived(job_)) {
      return {.state = PushState::superseded};  // it was done, and its process could not clear up
    }
    require_no_secrets(job_.snapshot.folder(), client_.options().token, stop_);
    if (job_.is_left) refuse_if_moved();
    add_digests();
    sent_files_.note(job_);
    const CommitInfo info = commit();
    note_done(info.oid);
    PushOutcome outcome{.state = PushState::done,
                        .commit_url = info.commit_url,
                        .commit_oid = info.oid,
                        .bytes_sent = info.bytes_sent,
                        .brings_weights = brings_weights(),
                        .was_left = job_.is_left,
                        .card_problem = our_card_ ? card_.problem : job_.card_problem};
    if (card_.is_merged && !job_.elsewhere) {
      outcome.merged_card = card_.text;
      outcome.own_card = our_card_;
    }
    return outcome;
  }

 private:
  /// The card and the tag first: once the push is noted nobody comes back to them, and of a card
  /// that is not known as the last one pushed, what we wrote would look like people's words.
  void note_done(const std::string& commit) const {
    if (sends_card()) pushed_card_.note_arrived();
    if (job_.tag) GitTag(client_, job_.repo, *job_.tag, stop_).set(commit);
    journal_.note_done(job_, commit);
    sent_files_.forget(job_);
  }

  /// Of what goes, so that it is read no second time for it.
  void add_digests() {
    std::map<std::string, std::string> known = std::exchange(job_.sha256, {});
    for (const std::string& path : paths_) {
      if (path == kRootCard) continue;
      const auto found = known.find(path);
      job_.sha256[path] = found != known.end()
                              ? found->second
                              : sha256_hex_of_file(job_.snapshot.folder() / path, stop_);
    }
  }

  /// Not where the Hub keeps its own.
  bool sends_card() const { return our_card_ && card_.text; }

  bool brings_weights() const {
    const PathFilter weights{.allow = root_weights()};
    return std::any_of(paths_.begin(), paths_.end(),
                       [&](const std::string& path) { return weights.takes(path); });
  }

  /// A newer save has arrived already: what this one would put in its place is older.
  void keep_only_what_lasts() {
    replaced_ = job_.lasting;
    const PathFilter lasting{.allow = job_.lasting};
    std::erase_if(paths_, [&](const std::string& path) {
      return job_.lasting.empty() || !lasting.takes(path);
    });
  }

  /// Our own pushes move the branch as well, so it is compared with the last of them.
  void refuse_if_moved() const {
    const std::string since = job_.refused_since.empty() ? last_.head_of(job_) : job_.refused_since;
    try {
      require_not_moved(client_, job_, files_of(job_.snapshot), journal_, since, stop_);
    } catch (const BranchMovedError&) {
      PushJob refused = job_;
      refused.refused_since = since;
      journal_.remember(refused);
      throw;
    }
  }

  CommitInfo commit() {
    if (job_.moved_branch == MovedBranch::fail) return commit_on(parent_unless_moved());
    // ConflictError: somebody is at it this moment.
    return again_after<HeadMovedError, ConflictError>(kJobTries, [&] { return commit_on(head()); });
  }

  /// On another head than this the Hub refuses the commit.
  std::string parent_unless_moved() const {
    const std::string known = last_.head_of(job_);
    std::string now = head();
    if (known.empty() || now == known) return now;
    if (!only_we_have_moved(client_, job_, journal_, known, now, stop_)) return known;
    pushed_card_.settle(card_on_hub(client_, job_.repo, now, stop_));
    return now;
  }

  std::string head() const { return client_.repo_info(job_.repo, job_.revision, stop_).sha; }

  CommitInfo commit_on(const std::string& parent) {
    const bool merges =
        our_card_ && job_.moved_branch == MovedBranch::merge && !job_.overwrites_card;
    card_ = {.text = our_card_};
    if (merges) {
      const auto on_hub = card_on_hub(client_, job_.repo, parent, stop_);
      pushed_card_.settle(on_hub);
      card_ = merged_with_hub(*our_card_, on_hub, pushed_card_.last(), job_.card_keys);
    }
    if (sends_card()) pushed_card_.note_sending(*our_card_);
    CommitOptions options{.commit_message = job_.commit_message, .revision = job_.revision};
    if (!parent.empty()) options.parent_commit = parent;
    return client_.create_commit(job_.repo, operations(), options, stop_);
  }

  std::vector<CommitOperation> operations() const {
    std::vector<CommitOperation> operations;
    for (const std::string& path : stale_files()) {
      operations.emplace_back(CommitOperationDelete{path});
    }
    for (const std::string& path : paths_) {
      if (path != kRootCard) {
        operations.emplace_back(CommitOperationAdd::from_file(path, job_.snapshot.folder() / path,
                                                              job_.sha256.at(path)));
      } else if (card_.text) {
        operations.emplace_back(CommitOperationAdd::from_bytes(path, *card_.text));
      }
    }
    return operations;
  }

  /// Files that are replaced, but not by this push.
  std::vector<std::string> stale_files() const {
    std::vector<std::string> stale;
    if (replaced_.empty()) return stale;
    const PathFilter replaced{.allow = replaced_};
    for (const RepoTreeEntry& entry :
         client_.list_repo_tree(job_.repo, job_.revision, {}, true, stop_)) {
      if (entry.type == RepoTreeEntry::Type::file && replaced.takes(entry.path) &&
          !std::binary_search(paths_.begin(), paths_.end(), entry.path)) {
        stale.push_back(entry.path);
      }
    }
    return stale;
  }

  const HubClient& client_;
  PushJob job_;
  const PushJournal& journal_;
  const std::stop_token stop_;
  const LastPush last_;
  std::vector<std::string> paths_;  ///< Sorted.
  std::vector<std::string> replaced_;
  std::optional<std::string> our_card_ = std::nullopt;
  const PushedCard pushed_card_;
  const SentFiles sent_files_;
  CardToPush card_ = {};
};

}  // namespace

PushOutcome push_job(const HubClient& client, const PushJob& job, const PushJournal& journal,
                     std::stop_token stop) {
  const HubClient own = with_token(client, job.token);
  return Push(own, job, journal, std::move(stop)).run();
}

}  // namespace torchhub
