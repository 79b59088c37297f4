#include "server/discussions/discussion.h"

#include <charconv>

namespace torchhub::server {

std::string_view to_string(DiscussionStatus status) {
  switch (status) {
    case DiscussionStatus::draft:
      return "draft";
    case DiscussionStatus::open:
      return "open";
    case DiscussionStatus::closed:
      return "closed";
    case DiscussionStatus::merged:
      return "merged";
  }
  return "";
}

std::optional<std::int64_t> pull_request_number(std::string_view ref) {
  constexpr std::string_view kPrefix = "refs/pr/";
  if (!ref.starts_with(kPrefix)) return std::nullopt;
  ref.remove_prefix(kPrefix.size());
  if (ref.empty() || ref.front() < '1' || ref.front() > '9') return std::nullopt;
  std::int64_t num = 0;
  const auto result = std::from_chars(ref.data(), ref.data() + ref.size(), num);
  if (result.ec != std::errc() || result.ptr != ref.data() + ref.size()) return std::nullopt;
  return num;
}

}  // namespace torchhub::server
