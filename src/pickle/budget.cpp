#include "pickle/budget.h"

#include "pickle/refusal.h"

#include <algorithm>
#include <limits>

namespace torchhub::pickle {

Budget::Budget(std::size_t pickle_bytes, const Limits& limits) {
  const std::uint64_t own = std::uint64_t{kCopiesPerByte} * pickle_bytes;
  const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - own;
  left_ = own + std::min<std::uint64_t>(limits.copied_bytes, room);
}

void Budget::take(std::uint64_t bytes) {
  if (bytes > left_) throw Refusal("it copies more bytes than the limits allow");
  left_ -= bytes;
}

void Budget::take(const Tensor& tensor) {
  take(sizeof tensor + sizeof(std::int64_t) * (tensor.shape.size() + tensor.stride.size()));
}

void Budget::take(const NumpyArray& array) {
  take(sizeof array + sizeof(std::int64_t) * array.shape.size() + array.data.size());
}

}  // namespace torchhub::pickle
