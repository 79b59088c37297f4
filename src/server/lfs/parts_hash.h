#pragma once

#include "torchhub/base/sha256.h"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>

namespace torchhub::server {

/// The SHA-256 of a file whose parts come in any order: taken along as far as they come one behind
/// the other, so that little is left to read at the end. Safe from several threads.
class PartsHash {
 public:
  /// Reads the file from an offset on into the room. @return how much came
  using ReadFn = std::function<std::size_t(std::uint64_t offset, std::span<std::byte> room)>;

  /// One writer of one part.
  class Writer {
   public:
    /// Each byte once, in order, as it goes into the file.
    void update(std::span<const std::byte> bytes);

   private:
    friend class PartsHash;
    std::uint64_t offset_ = 0;
    std::uint64_t version_ = 0;
    std::optional<Digest> digest_ = std::nullopt;  ///< Set while the part is the next to hash.
  };

  /// Somebody is about to write there: what was hashed from there on counts no more.
  Writer begin(std::uint64_t offset);
  /// All of the part is written.
  void end(Writer& writer, std::uint64_t length);
  /// It was not.
  void abandon(const Writer& writer);

  /// Hashes from the file on, up to `limit` bytes: whole parts that nobody writes and that `length`
  /// says the length of; 0 is a part that is not there. Stops when somebody writes to them.
  void catch_up(const std::function<std::uint64_t(std::uint64_t offset)>& length,
                std::uint64_t limit, const ReadFn& read);
  /// Of the whole file, which nobody writes to any more.
  std::string finish(std::uint64_t size, const ReadFn& read) const;

 private:
  bool leave(const Writer& writer);

  mutable std::mutex mutex_;
  Digest digest_{Digest::Algorithm::sha256};   // guarded by mutex_
  std::uint64_t position_ = 0;                 // guarded by mutex_; how far digest_ has come
  std::uint64_t version_ = 0;                  // guarded by mutex_; differs after each disturbance
  std::map<std::uint64_t, unsigned> writers_;  // guarded by mutex_; of the part at each offset
  std::mutex catching_up_;                     // one reader is enough
};

}  // namespace torchhub::server
