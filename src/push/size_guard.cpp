#include "push/size_guard.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace torchhub {

void require_size(const PushPlan& plan, const std::optional<std::uint64_t>& max_bytes,
                  const std::string& what) {
  constexpr std::size_t kNamedFiles = 5;
  if (!max_bytes || plan.bytes <= *max_bytes) return;
  std::vector<FileToPush> largest = plan.files;
  std::stable_sort(largest.begin(), largest.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  largest.resize(std::min(largest.size(), kNamedFiles));
  std::vector<std::string> names;
  for (const FileToPush& file : largest) {
    names.push_back(fmt::format("'{}' ({})", file.path, file.bytes));
  }
  throw PushTooLargeError(fmt::format(
      "{} has {} bytes to push, more than the {} of max_bytes; nothing was pushed. Its largest "
      "files: {}. Leave files out with the filter, or allow more.",
      what, plan.bytes, *max_bytes, fmt::join(names, ", ")));
}

}  // namespace torchhub
