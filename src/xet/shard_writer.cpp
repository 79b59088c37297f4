#include "torchhub/xet/shard.h"
#include "xet/little_endian.h"
#include "xet/shard_format.h"

#include <algorithm>

namespace torchhub::xet {
namespace {

class Writer {
 public:
  explicit Writer(const Shard& shard) {
    to_.text(kShardTag).u64(kShardVersion).u64(shard.footer ? kFooterBytes : 0);
    for (const ShardFile& file : shard.files) write(file);
    end_section();
    const std::size_t xorb_section = out_.size();
    for (const ShardXorb& xorb : shard.xorbs) write(xorb);
    end_section();
    if (shard.footer) write(*shard.footer, xorb_section);
  }

  std::vector<std::byte> take() { return std::move(out_); }

 private:
  void record(const Hash& hash, std::uint32_t a, std::uint32_t b, std::uint32_t c,
              std::uint32_t d) {
    to_.hash(hash).u32(a).u32(b).u32(c).u32(d);
  }

  void end_section() {
    Hash end;
    end.bytes.fill(kEndByte);
    record(end, 0, 0, 0, 0);
  }

  void write(const ShardFile& file) {
    const bool verified = std::ranges::any_of(
        file.terms, [](const Term& term) { return term.verification.has_value(); });
    std::uint32_t flags = 0;
    if (verified) flags |= kHasVerification;
    if (file.sha256) flags |= kHasMetadata;
    record(file.hash, flags, static_cast<std::uint32_t>(file.terms.size()), 0, 0);
    for (const Term& term : file.terms) {
      record(term.xorb, 0, term.bytes, term.start, term.end);
      materialized_ += term.bytes;
    }
    if (verified) {
      for (const Term& term : file.terms) record(term.verification.value_or(Hash{}), 0, 0, 0, 0);
    }
    if (file.sha256) record(Hash::parse(*file.sha256).value_or(Hash{}), 0, 0, 0, 0);
  }

  void write(const ShardXorb& xorb) {
    std::uint32_t bytes = 0;
    for (const ChunkId& chunk : xorb.chunks) bytes += chunk.length;
    record(xorb.hash, 0, static_cast<std::uint32_t>(xorb.chunks.size()), bytes, xorb.packed_bytes);
    std::uint32_t start = 0;
    for (std::size_t i = 0; i < xorb.chunks.size(); ++i) {
      const bool global = i < xorb.global.size() && xorb.global[i];
      record(xorb.chunks[i].hash, start, xorb.chunks[i].length, global ? kGlobalChunk : 0, 0);
      start += xorb.chunks[i].length;
    }
    stored_ += bytes;
    packed_ += xorb.packed_bytes;
  }

  void write(const ShardFooter& footer, std::size_t xorb_section) {
    const std::uint64_t here = out_.size();
    to_.u64(kFooterVersion).u64(kRecordBytes).u64(xorb_section);
    for (int table = 0; table < 3; ++table) to_.u64(here).u64(0);
    to_.hash(footer.key).u64(footer.created).u64(footer.expires).zeros(48);
    to_.u64(packed_).u64(materialized_).u64(stored_).u64(here);
  }

  std::vector<std::byte> out_;
  Appender to_{out_};
  std::uint64_t packed_ = 0;
  std::uint64_t materialized_ = 0;
  std::uint64_t stored_ = 0;
};

}  // namespace

std::vector<std::byte> encode_shard(const Shard& shard) { return Writer(shard).take(); }

}  // namespace torchhub::xet
