#pragma once

#include "torchhub/base/glob.h"

#include <cstdint>
#include <optional>

namespace torchhub {

/// What of each save of a run goes up. What never does (never a token, nor what is ours) stays out
/// whatever is allowed here.
struct SaveSelection {
  /// Paths at the repository's root: the model, and what lies beside it in output_dir. Without
  /// README.md the card on the Hub is left alone; weights that are left out delete none there.
  PathFilter root = {};
  /// Paths within a checkpoint, which is replaced as a whole all the same. No training goes on from
  /// one without its optimizer, scheduler and state.
  PathFilter checkpoint = {};
  /// A save that is larger is refused before a file of it is copied. Unset: no limit.
  std::optional<std::uint64_t> max_bytes = std::nullopt;
};

}  // namespace torchhub
