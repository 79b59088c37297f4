#pragma once

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/clock.h"
#include "torchhub/base/sha256.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

namespace torchhub {

/// `blobs/{etag}.{8 hex}.incomplete`: the part of a blob that has come so far, with the hash of its
/// bytes. Gone at the end of the scope unless it was committed. Hold the blob's lock.
class PartialBlob {
 public:
  struct Fresh {};
  static constexpr Fresh fresh{};

  /// Starts empty; removes what others have left of the same blob.
  PartialBlob(const std::filesystem::path& blob, std::string etag, std::uint64_t whole_size, Fresh);
  /// Takes over what a process that was killed has left, if it has lain still for a minute (a
  /// living one writes more often; locks do not hold on every network file system).
  PartialBlob(const std::filesystem::path& blob, std::string etag, std::uint64_t whole_size,
              const Clock& clock, std::stop_token stop);

  std::uint64_t size() const { return file_->size(); }
  void append(std::span<const std::byte> bytes);
  /// Throws away what is there.
  void restart();
  /// Of all bytes, in the form of the etag: SHA-256 or git blob id; empty if the etag is neither.
  /// Call once, at the end.
  std::string hash();
  void commit() { file_->commit(); }

 private:
  void open(const std::filesystem::path& temporary);

  std::filesystem::path blob_;
  std::string etag_;
  std::uint64_t whole_size_;
  std::unique_ptr<AtomicFile> file_;
  std::optional<Digest> digest_;
};

}  // namespace torchhub
