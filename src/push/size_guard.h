#pragma once

#include "torchhub/push/push_plan.h"

#include <cstdint>
#include <optional>
#include <string>

namespace torchhub {

/// @param what begins the message: "'my-net'". @throws PushTooLargeError
void require_size(const PushPlan& plan, const std::optional<std::uint64_t>& max_bytes,
                  const std::string& what);

}  // namespace torchhub
