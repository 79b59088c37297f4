#include "torchhub/xet/xorb_writer.h"

#include "xet/xorb_footer.h"

#include <utility>

namespace torchhub::xet {

bool XorbWriter::add(std::span<const std::byte> chunk, Scheme scheme) {
  if (table_.chunks.size() == kMaxXorbChunks) return false;
  const std::vector<std::byte> packed = encode_chunk(chunk, scheme);
  if (bytes_.size() + packed.size() > kMaxXorbBytes) return false;
  const ChunkId id{chunk_hash(chunk), static_cast<std::uint32_t>(chunk.size())};
  const std::uint32_t raw_start = table_.raw_start(table_.chunks.size());
  bytes_.insert(bytes_.end(), packed.begin(), packed.end());
  table_.chunks.push_back(
      {id.hash, static_cast<std::uint32_t>(bytes_.size()), raw_start + id.length});
  tree_.add(id);
  return true;
}

XorbWriter::Finished XorbWriter::finish() {
  table_.hash = tree_.root();
  tree_ = {};
  return {std::exchange(table_, {}), std::exchange(bytes_, {})};
}

XorbWriter::Finished XorbWriter::finish_with_footer() {
  Finished out = finish();
  const std::vector<std::byte> footer = make_footer(out.table);
  out.bytes.insert(out.bytes.end(), footer.begin(), footer.end());
  return out;
}

}  // namespace torchhub::xet
