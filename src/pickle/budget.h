#pragma once

#include "torchhub/pickle/reader.h"

#include <cstddef>
#include <cstdint>

namespace torchhub::pickle {

/// The bytes that reading one pickle may still copy. Five bytes of opcodes can copy what the memo
/// holds, however long that is, so that counting values does not bound memory.
class Budget {
 public:
  Budget(std::size_t pickle_bytes, const Limits& limits);

  /// Ask before copying. @throws Refusal
  void take(std::uint64_t bytes);
  void take(const Tensor& tensor);
  void take(const NumpyArray& array);

 private:
  std::uint64_t left_;
};

}  // namespace torchhub::pickle
