#pragma once

#include "torchhub/base/reused_memory.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace torchhub {

/// Memory that its owner goes on changing, read by another thread as it is now: the reader takes it
/// piece by piece; before the owner changes it, keep() copies what was not read yet.
///
///     live.add(bytes, tensor);                          // owner, for all that will be read
///     write_safetensors(path, views, {.bytes_now = [&](auto piece) { return live.read(piece); }});
///     live.keep();                                      // owner, before the first change
///
/// One object serves one owner thread, one reader thread and one save; a third thread may call
/// keep_ahead().
class LiveBytes {
 public:
  /// Copies go to memory that is freed as it is read.
  LiveBytes() = default;
  /// @param memory where copies go; may be null
  explicit LiveBytes(std::shared_ptr<ReusedMemory> memory) : memory_(std::move(memory)) {}
  LiveBytes(const LiveBytes&) = delete;
  LiveBytes& operator=(const LiveBytes&) = delete;

  /// Owner: `bytes` will be read once. Memory that several ranges share is read once for each of
  /// them, and kept once. @param keep_alive let go when all readings of its range are done, on
  /// either thread; null: the caller keeps the memory until then
  /// @throws InvalidArgumentError after keep() or cancel()
  void add(std::span<const std::byte> bytes, std::shared_ptr<const void> keep_alive = nullptr);

  /// Reader: the piece as it was when it was added, valid until the next call. Pieces may cover
  /// parts of ranges, or several; memory that was not added, or has been read as often as it was
  /// added, is given as it is. @throws CancelledError after cancel()
  std::span<const std::byte> read(std::span<const std::byte> piece);

  /// Owner: copies what is still to be read; then the memory may change. Waits no longer than the
  /// pieces take that the reader and keep_ahead() are at. What was copied goes as soon as it has
  /// been read.
  /// @return bytes copied; 0 when called again
  /// @throws std::bad_alloc; the memory must not change then, unless cancel() comes first
  std::size_t keep();

  /// Any thread: copies up to `limit` bytes that keep() would have to, so that it finds them done.
  /// @return bytes copied; 0 where nothing is left @throws std::bad_alloc, as if not called
  std::size_t keep_ahead(std::size_t limit);
  /// What keep() would copy now. From any thread.
  std::size_t bytes_live() const;

  /// Owner: lets go of everything, as for a save given up. The reader's next call throws.
  void cancel();

  /// Copied by keep() and keep_ahead(), in all. From any thread, as the next one.
  std::size_t bytes_kept() const { return kept_; }
  /// Of these, not yet read.
  std::size_t bytes_held() const { return held_; }

 private:
  class Copy;
  /// Memory with one number of readings to come.
  struct Segment {
    std::span<const std::byte> old;  // where the bytes are as they were: in their place or in copy
    std::size_t readings = 1;
    std::vector<std::shared_ptr<const void>> owners = {};  // an address freed now might come again
    std::shared_ptr<const Copy> copy = nullptr;
  };
  using Segments = std::map<std::uintptr_t, Segment>;  // by where the owner has them; disjoint

  std::size_t room_for_copies();
  void copy(Segment& segment);
  void split_at(std::uintptr_t address);
  Segments::iterator segment_at(std::uintptr_t address, std::span<const std::byte> bytes);

  std::shared_ptr<ReusedMemory> memory_ = nullptr;
  mutable std::mutex mutex_;
  Segments segments_;                      // guarded by mutex_
  ReusedMemory::Block block_ = nullptr;    // guarded by mutex_: for copies to come
  std::size_t block_used_ = 0;             // guarded by mutex_
  bool closed_ = false;                    // guarded by mutex_: nothing can be added
  bool cancelled_ = false;                 // guarded by mutex_
  std::atomic<bool> owner_waits_ = false;  // a mutex alone might go to a busy reader each time
  std::atomic<std::size_t> kept_ = 0;
  std::atomic<std::size_t> held_ = 0;
  std::vector<std::byte> scratch_;  // the reader's
};

}  // namespace torchhub
