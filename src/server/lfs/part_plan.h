#pragma once

#include <algorithm>
#include <cstdint>

namespace torchhub::server {

/// How an object is cut into parts, which are numbered from 1 on.
struct PartPlan {
  static constexpr std::uint64_t kMaxParts = 10'000;

  std::uint64_t size = 0;
  std::uint64_t chunk_bytes = 1;  ///< Of every part but the last, which has the rest.

  /// 0 for an empty object.
  std::uint64_t count() const { return size / chunk_bytes + (size % chunk_bytes != 0 ? 1 : 0); }
  bool has(std::uint64_t number) const { return number >= 1 && number <= count(); }
  std::uint64_t offset(std::uint64_t number) const { return (number - 1) * chunk_bytes; }
  std::uint64_t length(std::uint64_t number) const {
    return std::min(chunk_bytes, size - offset(number));
  }
  /// The part that begins there; 0 if none does, as at the end.
  std::uint64_t number_at(std::uint64_t offset) const {
    return offset < size && offset % chunk_bytes == 0 ? offset / chunk_bytes + 1 : 0;
  }
};

/// `wanted` bytes a part, or as many as it takes to need no more than `max_parts`.
inline PartPlan plan_parts(std::uint64_t size, std::uint64_t wanted, std::uint64_t max_parts) {
  constexpr std::uint64_t kPage = 4096;  // a part that ends within one is read back for the next
  const std::uint64_t least = size / max_parts + 1;
  if (wanted >= least) return {size, std::max<std::uint64_t>(wanted, 1)};
  return {size, (least + kPage - 1) / kPage * kPage};
}

}  // namespace torchhub::server
