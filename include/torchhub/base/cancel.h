#pragma once

#include "torchhub/base/error.h"

#include <stop_token>
#include <string_view>

namespace torchhub {

/// For the gaps between the chunks of a long call. @throws CancelledError if a stop was requested
inline void throw_if_cancelled(const std::stop_token& stop, std::string_view doing) {
  if (stop.stop_requested()) {
    throw CancelledError("Cancelled while " + std::string(doing) + "; nothing was changed.");
  }
}

}  // namespace torchhub
