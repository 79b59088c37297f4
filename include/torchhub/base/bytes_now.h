#pragma once

#include <cstddef>
#include <functional>
#include <span>

namespace torchhub {

/// Gives the bytes to write for a piece of borrowed memory, so that its owner may change it while a
/// file is written (see LiveBytes). Gets pieces of at most 1 MiB, each byte once, from front to
/// back; must give as many bytes as it got, which stay valid until its next call.
using BytesNow = std::function<std::span<const std::byte>(std::span<const std::byte> piece)>;

}  // namespace torchhub
