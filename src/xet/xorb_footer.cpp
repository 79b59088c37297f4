#include "xet/xorb_footer.h"

#include "xet/little_endian.h"

#include <algorithm>

namespace torchhub::xet {
namespace {

using namespace std::string_view_literals;

/// The part that both versions have at their end but one.
constexpr std::size_t kFreeBytes = 16;

std::vector<std::byte> old_footer(const XorbTable& table) {
  std::vector<std::byte> out;
  Appender to(out);
  to.text(kFooterTag).text("\0"sv).hash(table.hash);
  to.u32(static_cast<std::uint32_t>(table.chunks.size()));
  for (const XorbChunk& chunk : table.chunks) to.u32(chunk.packed_end);
  for (const XorbChunk& chunk : table.chunks) to.hash(chunk.hash);
  to.zeros(kFreeBytes);
  to.u32(static_cast<std::uint32_t>(out.size()));
  return out;
}

/// Equal but for the bytes that a writer may fill as it likes.
bool same_but_free(std::span<const std::byte> a, std::span<const std::byte> b) {
  if (a.size() != b.size()) return false;
  const std::size_t end = a.size() - sizeof(std::uint32_t);
  const std::size_t start = end - kFreeBytes;
  return std::ranges::equal(a.first(start), b.first(start)) &&
         std::ranges::equal(a.subspan(end), b.subspan(end));
}

}  // namespace

std::size_t max_footer_bytes(std::size_t chunks) { return 96 + 40 * chunks; }

std::vector<std::byte> make_footer(const XorbTable& table) {
  const auto count = static_cast<std::uint32_t>(table.chunks.size());
  std::vector<std::byte> out;
  Appender to(out);
  to.text(kFooterTag).text("\1"sv).hash(table.hash);
  to.text("XBLBHSH\0"sv).u32(count);
  for (const XorbChunk& chunk : table.chunks) to.hash(chunk.hash);
  to.text("XBLBBND\1"sv).u32(count);
  for (const XorbChunk& chunk : table.chunks) to.u32(chunk.packed_end);
  for (const XorbChunk& chunk : table.chunks) to.u32(chunk.raw_end);
  to.u32(count).u32(52 + 40 * count).u32(40 + 8 * count);
  to.zeros(kFreeBytes);
  to.u32(static_cast<std::uint32_t>(out.size()));
  return out;
}

void check_footer(std::span<const std::byte> footer, const XorbTable& table) {
  if (same_but_free(footer, make_footer(table))) return;
  if (same_but_free(footer, old_footer(table))) return;
  throw XetError("its footer is not that of its chunks, or something follows it");
}

}  // namespace torchhub::xet
