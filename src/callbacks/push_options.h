#pragma once

#include "torchhub/base/error.h"
#include "torchhub/callbacks/push_to_hub.h"

namespace torchhub {

/// @throws InvalidArgumentError for what cannot be done together
inline void require_possible(const PushToHubOptions& push) {
  if (push.tag && !push.blocking) {
    throw InvalidArgumentError(
        "A tag is made when its commit is there: push with blocking = true.");
  }
}

}  // namespace torchhub
