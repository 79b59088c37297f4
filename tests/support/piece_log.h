#pragma once

#include "torchhub/base/bytes_now.h"

#include <cstddef>
#include <span>
#include <vector>

namespace torchhub::testing {

/// Which pieces a writer asks for. What it gets is a copy that the next call spoils, so that bytes
/// used later than allowed are noticed.
class PieceLog {
 public:
  BytesNow hook() {
    return [this](std::span<const std::byte> piece) {
      pieces_.push_back(piece);
      copy_.assign(copy_.size(), std::byte{'#'});
      copy_.assign(piece.begin(), piece.end());
      return std::span<const std::byte>(copy_);
    };
  }

  std::size_t largest() const {
    std::size_t size = 0;
    for (const auto& piece : pieces_) size = piece.size() > size ? piece.size() : size;
    return size;
  }

  /// Were these ranges asked for in this order, each byte once?
  bool covers(std::span<const std::span<const std::byte>> ranges) const {
    auto piece = pieces_.begin();
    for (const auto& range : ranges) {
      for (std::size_t at = 0; at < range.size(); at += piece++->size()) {
        if (piece == pieces_.end() || piece->data() != range.data() + at) return false;
        if (piece->empty() || piece->size() > range.size() - at) return false;
      }
    }
    return piece == pieces_.end();
  }

 private:
  std::vector<std::span<const std::byte>> pieces_;
  std::vector<std::byte> copy_;
};

}  // namespace torchhub::testing
