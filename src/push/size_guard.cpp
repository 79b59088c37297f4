#include "push/size_guard.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace torchhub {

namespace {

std::string text_of(std::string_view what, std::uint64_t bytes, std::uint64_t max_bytes,
                    std::string_view largest, std::string_view limit, std::string_view advice) {
  return fmt::format(
      "{} has {} bytes to push, more than the {} {}; nothing was pushed. Its largest files: {}. {}",
      what, bytes, max_bytes, limit, largest, advice);
}

}  // namespace

PushTooLargeError::PushTooLargeError(std::string what, std::uint64_t bytes, std::uint64_t max_bytes,
                                     std::string largest)
    : Error(text_of(what, bytes, max_bytes, largest, "of max_bytes",
                    "Leave files out with the filter, or allow more.")),
      what_(std::move(what)),
      bytes_(bytes),
      max_bytes_(max_bytes),
      largest_(std::move(largest)) {}

std::string PushTooLargeError::told_of(std::string_view limit, std::string_view advice) const {
  return what_.empty() ? what() : text_of(what_, bytes_, max_bytes_, largest_, limit, advice);
}

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
  throw PushTooLargeError(what, plan.bytes, *max_bytes, fmt::format("{}", fmt::join(names, ", ")));
}

}  // namespace torchhub
