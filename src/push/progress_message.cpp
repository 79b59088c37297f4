#include "torchhub/push/progress_message.h"

#include <fmt/format.h>

namespace torchhub {

std::string progress_message(ProgressUnit unit, std::int64_t step, double epoch) {
  const auto whole_epoch = static_cast<std::int64_t>(epoch);
  if (unit == ProgressUnit::step) return fmt::format("Training in progress, step {}", step);
  if (unit == ProgressUnit::epoch) {
    return fmt::format("Training in progress, epoch {}", whole_epoch);
  }
  return fmt::format("Training in progress, epoch {}, step {}", whole_epoch, step);
}

}  // namespace torchhub
