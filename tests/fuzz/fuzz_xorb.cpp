// Xorbs, with and without a footer.

#include "torchhub/xet/error.h"
#include "torchhub/xet/xorb_reader.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>

namespace {

using namespace torchhub::xet;

void check(bool holds) {
  if (!holds) std::abort();
}

/// Nothing if it is refused.
std::optional<XorbTable> read(std::span<const std::byte> xorb, std::size_t block) {
  std::size_t raw = 0;
  XorbReader reader([&raw](std::span<const std::byte> bytes) { raw += bytes.size(); });
  try {
    for (; !xorb.empty(); xorb = xorb.subspan(std::min(block, xorb.size()))) {
      reader.write(xorb.first(std::min(block, xorb.size())));
    }
    XorbTable table = reader.finish();
    check(raw == table.chunks.back().raw_end);
    return table;
  } catch (const XetError&) {
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto xorb = std::as_bytes(std::span(data, size));
  const auto table = read(xorb, size + 1);
  check(table == read(xorb, 13));  // what it says does not depend on how it comes
  if (!table) return 0;
  check(table->packed_bytes() <= size && table->chunks.size() <= kMaxXorbChunks);
  check(read(xorb.first(table->packed_bytes()), size) == table);
  return 0;
}
