#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace torchhub {

/// A step in the transfer of one file.
struct TransferProgress {
  enum class Direction { download, upload };
  Direction direction = Direction::download;
  std::string path = {};  ///< In the repository.
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
};

/// Called from the threads that transfer, never from two at once. Should return soon. An exception
/// ends the transfer and reaches the caller.
using TransferProgressFn = std::function<void(const TransferProgress&)>;

}  // namespace torchhub
