#pragma once

#include "torchhub/base/error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace torchhub {

/// What is to be pushed is larger than its max_bytes. The message names its largest files.
class PushTooLargeError : public Error {
 public:
  using Error::Error;
};

/// A file that is to be pushed.
struct FileToPush {
  std::string path;  ///< In the repository.
  std::uint64_t bytes = 0;
  bool operator==(const FileToPush&) const = default;
};

/// What a push would bring, and where.
struct PushPlan {
  std::string repo_id;  ///< Without an owner: the token's account.
  std::string revision;
  std::string commit_message;
  /// By path. README.md as it is here; what goes depends on the one on the Hub.
  std::vector<FileToPush> files = {};
  /// Of all files; one that goes to two places counts once. Those that the Hub has already do not
  /// travel.
  std::uint64_t bytes = 0;
};

}  // namespace torchhub
