#include "torchhub/wire/lfs_pointer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace torchhub {
namespace {

constexpr std::string_view kVersionLine = "version https://git-lfs.github.com/spec/v1\n";

/// The rest of the line that starts with `key`, anywhere after the first line.
std::optional<std::string_view> value_of(std::string_view blob, std::string_view key) {
  for (std::size_t at = blob.find('\n'); at != std::string_view::npos && at + 1 < blob.size();
       at = blob.find('\n', at + 1)) {
    const std::string_view line = blob.substr(at + 1, blob.find('\n', at + 1) - at - 1);
    if (line.starts_with(key)) return line.substr(key.size());
  }
  return std::nullopt;
}

}  // namespace

bool is_lfs_oid(std::string_view oid) {
  return oid.size() == 64 && std::all_of(oid.begin(), oid.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string LfsPointer::text() const {
  return fmt::format("{}oid sha256:{}\nsize {}\n", kVersionLine, oid, size);
}

std::optional<LfsPointer> LfsPointer::parse(std::string_view blob) {
  if (blob.size() >= kMaxBytes || !blob.starts_with(kVersionLine)) return std::nullopt;
  const auto oid = value_of(blob, "oid sha256:");
  const auto size = value_of(blob, "size ");
  if (!oid || !size || !is_lfs_oid(*oid)) return std::nullopt;
  LfsPointer pointer{std::string(*oid)};
  const char* end = size->data() + size->size();
  const auto result = std::from_chars(size->data(), end, pointer.size);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return pointer;
}

}  // namespace torchhub
