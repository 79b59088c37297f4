#pragma once

#include "torchhub/hub/client.h"

#include <optional>
#include <string>
#include <utility>

namespace torchhub {

/// The same Hub with another token. @param token unset: its own
inline HubClient with_token(const HubClient& client, const std::optional<std::string>& token) {
  if (!token) return client;
  HubOptions options = client.options();
  options.token = token;
  return HubClient(std::move(options));
}

}  // namespace torchhub
