#pragma once

#include "torchhub/push/snapshot.h"
#include "torchhub/wire/repo.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// What a push does where others have committed to the branch since the last commit of this run.
enum class MovedBranch {
  merge,  ///< Goes on top, and what people wrote into the card stays.
  fail    ///< Ends with HeadMovedError and changes nothing.
};

/// "merge", "fail". @throws InvalidArgumentError that lists the known words
MovedBranch parse_moved_branch(std::string_view word);
std::string_view to_string(MovedBranch moved);

/// One commit to be: what goes up, where to, under which message.
struct PushJob {
  Repo repo;
  std::string endpoint = {};                             ///< Of the Hub that the repository is on.
  std::string revision = std::string(kDefaultRevision);  ///< Branch.
  std::string commit_message;
  std::int64_t step = 0;   ///< Updates done when it was saved.
  Snapshot snapshot = {};  ///< The files.
  /// Files of the repository that go unless the snapshot has them: what is replaced as a whole,
  /// such as "last-checkpoint/*". Patterns as those of PathFilter.
  std::vector<std::string> replaced = {};
  bool droppable = true;  ///< May a newer job take its place before it began?
  std::string lane = {};  ///< Only jobs of one lane take each other's place.
  /// What still is to be pushed when a newer job of the lane has arrived before this one, such as
  /// "checkpoint-50/*"; empty: nothing. Patterns as those of PathFilter.
  std::vector<std::string> lasting = {};
  MovedBranch moved_branch = MovedBranch::merge;
  /// A process before this one saved it: what others have pushed since may be newer.
  bool is_left = false;
  /// Metadata of the card that the caller gave: it wins over what the card on the Hub says.
  std::vector<std::string> card_keys = {};
  /// The card goes up as it is, whatever people wrote into the one on the Hub.
  bool overwrites_card = false;
  /// Why README.md is not among the files though the folder has one; empty: that is not so.
  std::string card_problem = {};
  /// To another branch than the saves of its folder: what people wrote there stays there.
  bool elsewhere = false;
  /// SHA-256 of files of the snapshot, by path in the repository, as far as they are known: they
  /// need not be read again for it.
  std::map<std::string, std::string> sha256 = {};
  /// Where a process before this one saved it: the commit since which others had changed its files
  /// when it was refused for that. Later pushes of other jobs must not make this one forget. Empty:
  /// it was not; what others did since the last push from here counts.
  std::string refused_since = {};
  std::optional<std::string> tag = std::nullopt;  ///< A git tag for the commit.
  /// In place of the client's, by this process only: it is in no file.
  std::optional<std::string> token = std::nullopt;

  /// "<endpoint> <repository> <branch>": where it goes.
  std::string place() const;
  /// The same, and the lane.
  std::string lane_key() const { return place() + " " + lane; }
};

enum class PushState {
  queued,      ///< Handed over; what is left of it when a time limit ran out.
  running,     ///< Under way (PushWorker::pending()).
  done,        ///< On the Hub.
  failed,      ///< PushOutcome::error says why.
  superseded,  ///< A newer job took its place; what it held is part of that one, or older.
};

std::string_view to_string(PushState state);

/// How a job ended, or how far it came.
struct PushOutcome {
  std::string id = {};  ///< Of the job: a failed one is tried again, and then has another outcome.
  std::string lane = {};
  std::int64_t step = 0;
  std::string commit_message = {};
  PushState state = PushState::queued;
  std::optional<std::string> commit_url = std::nullopt;  ///< Set if it is on the Hub.
  std::optional<std::string> commit_oid = std::nullopt;
  std::uint64_t bytes_sent = 0;
  double seconds = 0;           ///< On the worker's thread.
  bool brings_weights = false;  ///< At the repository's root.
  bool was_left = false;        ///< By a process before this one.
  /// README.md as it went up, where that is not the one of the job: people had edited it there.
  std::optional<std::string> merged_card = std::nullopt;
  std::optional<std::string> own_card = std::nullopt;  ///< What the job had in its place.
  std::string card_problem =
      {};                  ///< Why README.md was left out, here or on the Hub; empty: it was not.
  std::string error = {};  ///< Empty unless it failed or is still to be done.

  bool ok() const { return state == PushState::done; }
};

/// Of these outcomes: has what was handed over last arrived, in each lane?
bool newest_arrived(const std::vector<PushOutcome>& outcomes);

}  // namespace torchhub
