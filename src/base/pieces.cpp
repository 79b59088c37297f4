#include "base/pieces.h"

#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {

void for_each_piece(std::span<const std::byte> bytes, const BytesNow& bytes_now,
                    const std::function<void(std::span<const std::byte>)>& take) {
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(kPieceBytes, bytes.size()));
    const auto now = bytes_now ? bytes_now(piece) : piece;
    if (now.size() != piece.size()) {
      throw InvalidArgumentError(
          fmt::format("bytes_now gave {} bytes for a piece of {}. It must give as many as it got.",
                      now.size(), piece.size()));
    }
    take(now);
    bytes = bytes.subspan(piece.size());
  }
}

}  // namespace torchhub
