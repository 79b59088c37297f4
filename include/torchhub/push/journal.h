#pragma once

#include "torchhub/base/error.h"
#include "torchhub/push/job.h"
#include "torchhub/push/progress_message.h"
#include "torchhub/push/save_selection.h"
#include "torchhub/wire/repo.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace torchhub {

/// Which part of a checkpoint a save pushes besides the model.
enum class PushedCheckpoint {
  none,            ///< hub_strategy every_save.
  as_last,         ///< checkpoint: to `last-checkpoint`.
  under_its_name,  ///< all_checkpoints: to `checkpoint-<step>`.
};

/// Another process is at the pushes of a folder: a training, or `torchhub push resume`.
class PushesTakenError : public Error {
 public:
  using Error::Error;
};

/// Where the saves of a folder go.
struct PushTarget {
  std::string endpoint = {};
  Repo repo;
  std::string revision = std::string(kDefaultRevision);
  bool pushes_saves = true;  ///< Not so with hub_strategy end.
  PushedCheckpoint checkpoint = PushedCheckpoint::none;
  ProgressUnit progress_unit = ProgressUnit::step;
  std::int64_t handed_over = 0;  ///< Newest save that the pusher has taken over.
  /// Fingerprints of the checkpoints that were there when the run began, by step: none of them is
  /// one of its own that was cut off.
  std::map<std::int64_t, std::string> known = {};
  bool two_commits = false;                 ///< A save's checkpoint has a commit of its own.
  std::vector<std::string> card_keys = {};  ///< As PushJob's, of each save.
  bool overwrites_card = false;             ///< The same.
  SaveSelection selection = {};             ///< Also of a save that another process hands over.

  std::string place() const;  ///< As PushJob's.
};

/// How far the pushes from a folder have come.
struct LastPush {
  /// The branch's commit after the last of them, by PushJob::place().
  std::map<std::string, std::string> heads = {};
  std::map<std::string, std::string> newest = {};  ///< The newest job that arrived, by lane_key().

  /// Empty: not known.
  std::string head_of(const PushJob& job) const;
  /// Has this job arrived, as the newest of its lane?
  bool has_arrived(const PushJob& job) const;
  /// Has a newer job of its lane arrived?
  bool has_overtaken(const PushJob& job) const;
  /// The same. @param lane PushJob::lane_key() @param name of the job's snapshot
  bool has_arrived(const std::string& lane, const std::string& name) const;
  bool has_overtaken(const std::string& lane, const std::string& name) const;
};

/// What a run has to push, on disk: `<output_dir>/_torchhub/pushes/`. A process that is killed at
/// any moment leaves there all that it had saved and not pushed, and the next one finishes it. It
/// holds no token. Safe from two threads as far as each call says.
class PushJournal {
 public:
  explicit PushJournal(std::filesystem::path output_dir);

  const std::filesystem::path& output_dir() const { return output_dir_; }
  const std::filesystem::path& folder() const { return folder_; }
  /// For Snapshot::keep_copies_in().
  std::filesystem::path copies() const { return folder_.parent_path() / "copies"; }
  /// The pushes of this folder are this process's until the last copy of what comes back goes: no
  /// other one hands over, takes over or pushes. Callers in this process share it. Thread-safe.
  /// @param wait for another process to end; the first wait is logged
  /// @throws PushesTakenError, FileError
  std::shared_ptr<const void> claim(std::chrono::milliseconds wait = {}) const;
  /// What claim() would do without a wait, by a look that claims and writes nothing.
  /// @throws PushesTakenError, FileError
  void require_free() const;
  /// For the next job. Names of snapshots come in the order in which they were made.
  /// @throws FileError, DiskFullError
  Snapshot new_snapshot() const;

  /// From here on the job outlives the process; until its snapshot is released.
  /// @throws FileError, DiskFullError
  void remember(const PushJob& job) const;
  /// Those of earlier processes, oldest first; not those that another process is at. What a killed
  /// process had begun to hand over is removed. @throws FileError
  std::vector<PushJob> unfinished() const;

  /// What is noted, oldest first, whoever is at it; without the files. Changes nothing, and leaves
  /// out what cannot be read.
  struct Noted {
    PushJob job;
    std::filesystem::path files;  ///< As Snapshot::folder().
  };
  std::vector<Noted> noted() const;

  /// Nothing if nobody has pushed from this folder. @throws FileError, Error if it is damaged
  std::optional<PushTarget> target() const;
  /// @throws FileError, DiskFullError
  void set_target(const PushTarget& target) const;

  /// @throws FileError
  LastPush last_push() const;
  /// Pusher's thread. The job is on the Hub. @param commit the branch's head then. @throws
  /// FileError, DiskFullError
  void note_done(const PushJob& job, const std::string& commit) const;
  /// The head of `at`'s branch as it is seen at the start. Before any push.
  void note_head(const PushTarget& at, const std::string& commit) const;

 private:
  std::filesystem::path output_dir_;
  std::filesystem::path folder_;
  /// Number of the last job that this or a copy of it began: its entry may be gone.
  std::shared_ptr<std::atomic<std::uint64_t>> last_number_;
};

}  // namespace torchhub
