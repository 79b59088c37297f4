#pragma once

#include "torchhub/hub/client.h"

#include <utility>

namespace torchhub::testing {

/// For the test itself: the transport of `options`, which holds back or spoils what is tested, has
/// no part in it.
inline HubClient direct_client(HubOptions options) {
  options.transport = nullptr;
  return HubClient(std::move(options));
}

}  // namespace torchhub::testing
