#pragma once

#include "torchhub/weights/deferred_files.h"

#include <torch/torch.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace torchhub::testing {

/// A file that is not written, but read as it would be.
inline DeferredFiles::Write read_into(std::vector<std::byte>& file, const at::Tensor& tensor) {
  return [&file, tensor](const DeferredFiles::Writing& how) {
    const auto* at = static_cast<const std::byte*>(tensor.data_ptr());
    for (std::size_t begin = 0; begin < tensor.nbytes(); begin += 1 << 20) {
      const auto piece =
          how.bytes_now({at + begin, std::min<std::size_t>(1 << 20, tensor.nbytes())});
      file.insert(file.end(), piece.begin(), piece.end());
    }
    return WrittenFile{.size = file.size()};
  };
}

inline bool holds(const std::vector<std::byte>& file, const at::Tensor& tensor) {
  return file.size() == tensor.nbytes() &&
         std::memcmp(file.data(), tensor.data_ptr(), file.size()) == 0;
}

}  // namespace torchhub::testing
