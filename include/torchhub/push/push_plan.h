#pragma once

#include "torchhub/base/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// What is to be pushed is larger than its max_bytes. The message names its largest files.
class PushTooLargeError : public Error {
 public:
  using Error::Error;
  /// @param what begins the message: "'my-net'" @param largest the largest files and their bytes:
  /// "'model.safetensors' (7), 'config.json' (2)"
  PushTooLargeError(std::string what, std::uint64_t bytes, std::uint64_t max_bytes,
                    std::string largest);
  std::uint64_t bytes() const { return bytes_; }  ///< To push; 0 if only a message was given.
  /// The message in the words of a caller who does not speak of max_bytes and filters.
  /// @param limit as in "more than the 5 that --max-size allows" @param advice its last sentence
  std::string told_of(std::string_view limit, std::string_view advice) const;

 private:
  std::string what_ = {};
  std::uint64_t bytes_ = 0;
  std::uint64_t max_bytes_ = 0;
  std::string largest_ = {};
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
