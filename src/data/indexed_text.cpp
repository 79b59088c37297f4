#include "data/indexed_text.h"

#include "torchhub/data/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace torchhub {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

struct ForeignStart {
  std::string_view bytes;
  std::string_view what;
};
constexpr ForeignStart kForeignStarts[] = {
    {"\x1f\x8b", "is gzipped. Unpack it first (gunzip -k): records are read by their place in it."},
    {"\xfd\x37zXZ", "is packed by xz. Unpack it first: records are read by their place in it."},
    {"\x28\xb5\x2f\xfd",
     "is packed by zstd. Unpack it first: records are read by their place in it."},
    {"\xff\xfe", "is UTF-16. Convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)."},
    {"\xfe\xff", "is UTF-16. Convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)."},
};

}  // namespace

IndexedText::IndexedText(const std::filesystem::path& path)
    : name_(fmt::format("'{}'", path.string())), file_(MappedFile::open(path)) {
  const auto bytes = std::as_const(*file_).bytes();
  text_ = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  for (const auto& [start, what] : kForeignStarts) {
    if (text_.starts_with(start)) throw DatasetError(fmt::format("{} {}", name_, what));
  }
  if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
}

std::string_view IndexedText::from(std::int64_t index) const {
  return text_.substr(start_of(index));
}

std::string IndexedText::where(std::int64_t index) const { return place_of(start_of(index)); }

std::string IndexedText::place_of(std::size_t offset) const {
  std::int64_t line = 1;
  std::string_view before = text_.substr(0, offset);
  while (true) {
    const std::string_view passed = first_line(before);
    before.remove_prefix(passed.size());
    if (before.empty()) return fmt::format("{}, line {}", name_, line);
    before.remove_prefix(line_end_length(before));
    ++line;
  }
}

std::size_t IndexedText::start_of(std::int64_t index) const {
  if (index < 0 || index >= size()) {
    throw InvalidArgumentError(
        fmt::format("{} has {} records, numbered from 0; {} is none.", name_, size(), index));
  }
  return starts_[static_cast<std::size_t>(index)];
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, std::min(text.find_first_of("\r\n"), text.size()));
}

std::size_t line_end_length(std::string_view text) {
  if (text.starts_with("\r\n")) return 2;
  return text.starts_with('\n') || text.starts_with('\r') ? 1 : 0;
}

}  // namespace torchhub
