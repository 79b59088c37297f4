#pragma once

#include "torchhub/base/error.h"

#include <string>
#include <utility>
#include <vector>

namespace torchhub::server {

/// Why nothing of a push was taken, for the pusher to read.
class Refusal : public Error {
 public:
  /// @param reason a few words, shown beside each ref
  /// @param lines sentences, shown before them
  Refusal(const std::string& reason, std::vector<std::string> lines)
      : Error(reason), lines_(std::move(lines)) {}
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

}  // namespace torchhub::server
