#pragma once

#include "torchhub/push/snapshot.h"
#include "torchhub/wire/repo.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// One commit to be: what goes up, where to, under which message.
struct PushJob {
  Repo repo;
  std::string revision = std::string(kDefaultRevision);  ///< Branch.
  std::string commit_message;
  std::int64_t step = 0;   ///< Updates done when it was saved.
  Snapshot snapshot = {};  ///< The files; gone from disk with the last copy of the job.
  /// Files of the repository that go unless the snapshot has them: what is replaced as a whole,
  /// such as "last-checkpoint/*". Patterns as those of PathFilter.
  std::vector<std::string> replaced = {};
  bool droppable = true;  ///< May a newer job take its place before it began?
};

/// How a job ended.
struct PushOutcome {
  std::int64_t step = 0;
  std::string commit_message = {};
  std::optional<std::string> commit_url = std::nullopt;  ///< Set if it is on the Hub.
  std::optional<std::string> commit_oid = std::nullopt;
  std::uint64_t bytes_sent = 0;
  double seconds = 0;       ///< On the worker's thread.
  bool superseded = false;  ///< A newer job took its place; what it held is part of that one.
  std::string error = {};   ///< Empty unless it failed.

  bool ok() const { return commit_url.has_value(); }
};

}  // namespace torchhub
