#include "server/xet/xorb_rows.h"

#include <cstring>

namespace torchhub::server {
namespace {

struct Row {
  std::array<std::byte, 32> hash;
  std::uint32_t packed_end;
  std::uint32_t raw_end;
};
static_assert(sizeof(Row) == 40);

}  // namespace

std::vector<std::byte> encode_chunks(const xet::XorbTable& table) {
  std::vector<std::byte> out(table.chunks.size() * sizeof(Row));
  for (std::size_t i = 0; i < table.chunks.size(); ++i) {
    const xet::XorbChunk& chunk = table.chunks[i];
    const Row row{chunk.hash.bytes, chunk.packed_end, chunk.raw_end};
    std::memcpy(out.data() + i * sizeof row, &row, sizeof row);
  }
  return out;
}

xet::XorbTable decode_chunks(const xet::Hash& hash, std::string_view bytes) {
  xet::XorbTable out{hash, {}};
  out.chunks.reserve(bytes.size() / sizeof(Row));
  for (; bytes.size() >= sizeof(Row); bytes.remove_prefix(sizeof(Row))) {
    Row row;
    std::memcpy(&row, bytes.data(), sizeof row);
    out.chunks.push_back({{row.hash}, row.packed_end, row.raw_end});
  }
  return out;
}

}  // namespace torchhub::server
