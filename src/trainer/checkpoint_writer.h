#pragma once

#include "torchhub/base/atomic_file.h"
#include "torchhub/training/callback.h"
#include "torchhub/weights/deferred_files.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

namespace torchhub {

/// A checkpoint whose small files are written, and whose large ones are put off.
struct UnfinishedCheckpoint {
  std::int64_t step = 0;
  std::filesystem::path target;  ///< The folder's final name.
  std::unique_ptr<AtomicFolder> folder;
  std::unique_ptr<DeferredFiles> files = nullptr;
};

/// Finishes one checkpoint at a time on a thread of its own, while training goes on. All calls from
/// the training thread.
class CheckpointWriter {
 public:
  CheckpointWriter() = default;
  /// Waits; what went wrong is logged.
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// Returns at once. The one before must have been taken.
  void begin(UnfinishedCheckpoint checkpoint);
  /// Before parameters or the optimizer's state change: copies what is not written yet; where
  /// there is no memory for that, waits until it is written.
  void before_change();
  /// The one that has got its final name since the last call; nothing if none has.
  /// @throws what writing it threw: DiskFullError, FileError, SpoiledSaveError, Error
  std::optional<SavedCheckpoint> take_done();
  /// The same, but waits for the one under way.
  std::optional<SavedCheckpoint> wait();

  std::size_t bytes_kept() const { return bytes_kept_; }  ///< By before_change(), in all.
  /// By another thread before that, of checkpoints that were taken.
  std::size_t bytes_kept_ahead() const { return bytes_kept_ahead_; }

 private:
  void write();
  std::optional<SavedCheckpoint> take();

  std::optional<UnfinishedCheckpoint> under_way_ = std::nullopt;
  std::atomic<bool> done_ = false;      ///< The thread has ended, but for being joined.
  std::function<void()> failure_ = {};  ///< Throws it again. Read after done_, as the next.
  double seconds_ = 0;                  ///< On the thread.
  std::size_t bytes_kept_ = 0;
  std::size_t bytes_kept_ahead_ = 0;
  std::size_t kept_of_this_ = 0;  ///< Part of bytes_kept_.
  std::jthread thread_;           // last member: it ends before what it uses
};

}  // namespace torchhub
