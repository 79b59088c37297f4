#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/base/glob.h"
#include "torchhub/hub/client.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace torchhub {

/// How one look of a CommitScheduler at its folder ended.
struct ScheduledCommit {
  std::size_t files = 0;  ///< That were new or had changed; 0: no commit was made.
  std::optional<CommitInfo> commit = std::nullopt;
  /// Empty unless it failed. Without a commit the next one brings the same files; with one they are
  /// there, and only the history could not be squashed.
  std::string error = {};

  bool ok() const { return error.empty(); }
};

struct CommitSchedulerOptions {
  std::filesystem::path folder_path;  ///< Made if missing.
  std::string repo_id = {};           ///< Empty: the folder's name.
  RepoType repo_type = RepoType::model;
  std::chrono::milliseconds every = std::chrono::minutes(5);  ///< Between two looks. > 0.
  std::string path_in_repo = {};                              ///< Folder there; empty: the root.
  std::optional<std::string> revision = std::nullopt;  ///< Branch, made if missing. Unset: main.
  std::optional<bool> private_ = std::nullopt;         ///< Unset: the owner's default.
  PathFilter filter = {};                              ///< See pushable_files().
  std::string commit_message = "Scheduled Commit";
  /// After each commit makes the branch's history that one commit: hundreds of them slow a
  /// repository down. For good, other people's commits too. Not every Hub does that.
  bool squash_history = false;
  /// Told of each look that found something, on the thread that made it. Must not throw, nor call
  /// the scheduler.
  std::function<void(const ScheduledCommit&)> on_commit = {};
  std::shared_ptr<const Clock> clock = system_clock();
};

/// Commits a folder again and again from a thread of its own: logs and other data that only grow,
/// beside and independent of checkpoints. Only files whose size or time of change differs from what
/// was committed last travel, as copies that are taken while no writer holds lock(). Nothing is
/// ever deleted on the Hub. What fails is logged and tried again at the next look.
class CommitScheduler {
 public:
  /// Makes the repository and the branch, and begins. The first look is one `every` away.
  /// @throws InvalidArgumentError; what HubClient::create_repo and create_branch throw
  CommitScheduler(const HubClient& client, CommitSchedulerOptions options);
  /// stop(), whose result goes to the log.
  ~CommitScheduler();

  /// While it is held no file is read: a writer's lines arrive whole. Hold it shortly.
  [[nodiscard]] std::unique_lock<std::mutex> lock() const;
  /// Looks now, on this thread; never throws what the Hub or the disk spoils. From any thread, but
  /// not while holding lock().
  ScheduledCommit trigger();
  /// Waits for the look under way, and looks a last time; later calls do nothing. From one thread.
  ScheduledCommit stop();
  const Repo& repo() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace torchhub
