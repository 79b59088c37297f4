#pragma once

#include "torchhub/base/bytes_now.h"
#include "torchhub/base/error.h"
#include "torchhub/base/live_bytes.h"
#include "torchhub/base/reused_memory.h"
#include "torchhub/base/written_file.h"
#include "torchhub/weights/host_copies.h"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <unordered_set>
#include <vector>

namespace torchhub {

/// What was being saved changed meanwhile; the files are of no use.
class SpoiledSaveError : public Error {
 public:
  using Error::Error;
};

/// Files of a save that another thread writes while training goes on. What they will hold is fixed
/// when they are put off: memory that only an optimizer's step changes is read later (LiveBytes;
/// on a GPU HostCopies), all else is copied. The training thread calls keep() before that step.
///
///     DeferredFiles files(parameters);            // training thread
///     model.save_pretrained(folder, {.deferred = &files});
///     ... another thread: files.write();  training thread: files.keep(); optimizer.step(); ...
class DeferredFiles {
 public:
  /// How a file that was put off is to be written.
  struct Writing {
    BytesNow bytes_now;
    bool sha256 = false;
    std::stop_token stop = {};
  };
  using Write = std::function<WrittenFile(const Writing&)>;

  struct Options {
    bool sha256 = false;  ///< write() makes the files' digests in the same pass.
    /// Where copies of one save after another go; null: each save has memory of its own.
    std::shared_ptr<ReusedMemory> memory = nullptr;
  };

  /// @param steady where memory begins that changes only after keep(), such as parameters
  explicit DeferredFiles(std::unordered_set<const void*> steady)
      : DeferredFiles(std::move(steady), Options()) {}
  DeferredFiles(std::unordered_set<const void*> steady, Options options)
      : steady_(std::move(steady)), sha256_(options.sha256), live_(std::move(options.memory)) {}

  /// Training thread, before write(): what `tensor` holds now, row-major on the CPU, to be read
  /// once through Writing::bytes_now. Copied unless it is steady.
  at::Tensor take(const at::Tensor& tensor);
  /// The same of what is known to be steady, such as an optimizer's state.
  at::Tensor take_steady(const at::Tensor& tensor);
  /// Training thread, before write(). Files are written in the order in which they are added.
  void add(std::filesystem::path file, Write write);
  /// Training thread, before write(): when keep() is expected. What will not be written by then,
  /// a thread of write() copies just before, so that keep() finds little to do.
  void expect_keep_at(std::chrono::steady_clock::time_point when) { keep_expected_ = when; }

  /// Another thread, once. @throws DiskFullError, FileError, CancelledError; SpoiledSaveError if
  /// what is steady was changed in place before keep(), so that the files hold a mixture
  void write(const std::stop_token& stop = {});
  /// What came of it. After write().
  const std::map<std::filesystem::path, WrittenFile>& written() const { return written_; }

  /// Training thread, before what is held changes: copies what is not read yet.
  /// @return bytes copied @throws std::bad_alloc
  std::size_t keep();
  /// Copied by keep(), and just before it, in all.
  std::size_t bytes_kept() const { return live_.bytes_kept(); }

 private:
  void require_unchanged(bool on_devices_alone);

  /// In-place changes that LibTorch had counted for a tensor when it was taken.
  struct Version {
    at::Tensor tensor;
    std::int64_t count;

    bool is_past() const { return tensor._version() != count; }
  };

  std::unordered_set<const void*> steady_;
  bool sha256_;
  std::optional<std::chrono::steady_clock::time_point> keep_expected_ = std::nullopt;
  HostCopies copies_;
  LiveBytes live_;
  std::mutex mutex_;
  std::vector<Version> versions_;                 // guarded by mutex_ from write() on
  std::optional<bool> changed_before_keep_ = {};  // guarded by mutex_; unset before keep()
  std::vector<std::pair<std::filesystem::path, Write>> files_;
  std::map<std::filesystem::path, WrittenFile> written_;
};

}  // namespace torchhub
