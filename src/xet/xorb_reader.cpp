#include "torchhub/xet/xorb_reader.h"

#include "torchhub/xet/error.h"
#include "xet/xorb_footer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace torchhub::xet {
namespace {

bool starts_a_footer(std::span<const std::byte> bytes) {
  return std::memcmp(bytes.data(), kFooterTag.data(), kFooterTag.size()) == 0;
}

ChunkHeader header_in(std::span<const std::byte> part) {
  return ChunkHeader::parse(part.first<ChunkHeader::kBytes>());
}

}  // namespace

XorbReader::XorbReader(std::function<void(std::span<const std::byte>)> take)
    : take_(std::move(take)) {}

std::size_t XorbReader::wanted() const {
  if (in_footer_) return max_footer_bytes(table_.chunks.size()) + 1;  // one too many is seen
  if (part_.size() < ChunkHeader::kBytes) return ChunkHeader::kBytes;
  return ChunkHeader::kBytes + header_in(part_).packed_bytes;
}

void XorbReader::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(wanted() - part_.size(), bytes.size());
    part_.insert(part_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (part_.size() == ChunkHeader::kBytes || part_.size() == wanted()) take_part();
  }
}

/// What came is a header, a whole chunk, or too much.
void XorbReader::take_part() {
  if (in_footer_) throw XetError("its footer is too long, or something follows it");
  if (part_.size() == ChunkHeader::kBytes && starts_a_footer(part_)) {
    in_footer_ = true;
    return;
  }
  const ChunkHeader header = header_in(part_);
  if (part_.size() < ChunkHeader::kBytes + header.packed_bytes) return;
  take_chunk(header, std::span(part_).subspan(ChunkHeader::kBytes));
  part_.clear();
}

void XorbReader::take_chunk(const ChunkHeader& header, std::span<const std::byte> packed) {
  if (table_.chunks.size() == kMaxXorbChunks) {
    throw XetError(fmt::format("it has more than {} chunks", kMaxXorbChunks));
  }
  const std::span<const std::byte> raw = decoder_.decode(header, packed);
  const ChunkId id{chunk_hash(raw), header.raw_bytes};
  const std::size_t at = table_.chunks.size();
  const auto whole = static_cast<std::uint32_t>(ChunkHeader::kBytes + packed.size());
  table_.chunks.push_back(
      {id.hash, table_.packed_start(at) + whole, table_.raw_start(at) + id.length});
  tree_.add(id);
  if (take_) take_(raw);
}

XorbTable XorbReader::finish() {
  if (!in_footer_ && !part_.empty()) throw XetError("it ends within a chunk");
  if (table_.chunks.empty()) throw XetError("it has no chunks");
  table_.hash = tree_.root();
  if (in_footer_) check_footer(part_, table_);
  return std::move(table_);
}

}  // namespace torchhub::xet
