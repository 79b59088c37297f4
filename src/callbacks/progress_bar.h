#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace torchhub {

/// How far a loop is.
struct ProgressFacts {
  std::int64_t done = 0;
  std::optional<std::int64_t> total = std::nullopt;  ///< Unset: not known.
  double seconds = 0;                                ///< Since it began.
  std::int64_t done_before = 0;                      ///< Of `done`, what a resumed run began with.
  std::string unit = "steps";
  std::int64_t samples_each = 0;  ///< Samples one of `done` takes; 0: not known.
};

/// ` 50%|####    | 5/10 [00:05<00:05, 1.00 steps/s, 8.0 samples/s]`; without a total
/// `5 batches [00:05, 1.00 batches/s]`. Never longer than `columns`; the bar gives way first.
std::string progress_bar(const ProgressFacts& facts, int columns);

}  // namespace torchhub
