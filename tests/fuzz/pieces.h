#pragma once

#include "server/http/response.h"

#include <algorithm>
#include <cstddef>
#include <span>

namespace torchhub::testing {

/// Gives `body` the bytes as a network would that carries `piece` of them at a time.
inline void take_in_pieces(server::BodyConsumer& body, std::span<const std::byte> bytes,
                           std::size_t piece) {
  while (!bytes.empty()) {
    const auto next = bytes.first(std::min(piece, bytes.size()));
    body.take(next);
    bytes = bytes.subspan(next.size());
  }
}

}  // namespace torchhub::testing
