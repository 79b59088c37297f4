#include "xet/byte_grouping.h"

namespace torchhub::xet {

void group_bytes(std::span<const std::byte> in, std::span<std::byte> out) {
  auto to = out.begin();
  for (std::size_t first = 0; first < 4; ++first) {
    for (std::size_t i = first; i < in.size(); i += 4) *to++ = in[i];
  }
}

void ungroup_bytes(std::span<const std::byte> in, std::span<std::byte> out) {
  auto from = in.begin();
  for (std::size_t first = 0; first < 4; ++first) {
    for (std::size_t i = first; i < out.size(); i += 4) out[i] = *from++;
  }
}

}  // namespace torchhub::xet
