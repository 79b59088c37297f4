#include "torchhub/data/iterable_dataset.h"

namespace torchhub {

std::int64_t SampleStream::skip(std::int64_t samples) {
  std::int64_t skipped = 0;
  while (skipped < samples && next()) ++skipped;
  return skipped;
}

}  // namespace torchhub
