#pragma once

#include "server/store/open_file.h"
#include "torchhub/base/clock.h"

#include <chrono>
#include <filesystem>
#include <utility>

namespace torchhub::server {

/// Keeps collecting and using LFS objects apart, between processes too: a flock(2) on
/// DATA/objects.lock.
///
/// Shared by whoever makes an object count: from the moment that it looks for the object's file (or
/// its link to a repository) to the moment that the row or the ref that needs it is durable. A look
/// from before the guard proves nothing. Held alone by the collector while it looks a last time and
/// removes. So what a user of objects saw stays, and what the collector removes nobody relies on.
class ObjectGuard {
 public:
  /// Waits while the collector removes, which takes moments. @throws FileError
  static ObjectGuard shared(const std::filesystem::path& data_folder);
  /// Waits for a moment without users. @throws Error if there was none for `timeout`
  static ObjectGuard alone(const std::filesystem::path& data_folder, const Clock& clock,
                           std::chrono::milliseconds timeout = std::chrono::minutes(1));

 private:
  explicit ObjectGuard(OpenFile lock) : lock_(std::move(lock)) {}
  OpenFile lock_;  ///< A lock belongs to one open(2), and ends with it.
};

}  // namespace torchhub::server
