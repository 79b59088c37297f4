#include "torchhub/xet/error.h"
#include "torchhub/xet/shard.h"
#include "xet/little_endian.h"
#include "xet/shard_format.h"

#include <fmt/format.h>

namespace torchhub::xet {
namespace {

/// One line of the table that a shard is.
struct Record {
  explicit Record(Cursor& from)
      : hash(from.hash()),
        at32(from.number<std::uint32_t>()),
        at36(from.number<std::uint32_t>()),
        at40(from.number<std::uint32_t>()),
        at44(from.number<std::uint32_t>()) {}

  bool is_end() const {
    for (const std::byte byte : hash.bytes) {
      if (byte != kEndByte) return false;
    }
    return true;
  }

  Hash hash;
  std::uint32_t at32;
  std::uint32_t at36;
  std::uint32_t at40;
  std::uint32_t at44;
};

/// Before memory is taken for what a header announces.
void need_records(const Cursor& from, std::uint64_t count) {
  if (count > from.left().size() / kRecordBytes) {
    throw XetError("it announces more records than it has");
  }
}

std::uint64_t read_header(Cursor& from) {
  if (!from.skip_if(kShardTag)) throw XetError("it does not begin as a shard does");
  const auto version = from.number<std::uint64_t>();
  if (version != kShardVersion) {
    throw XetError(fmt::format("it has the version {}, not {}", version, kShardVersion));
  }
  const auto footer = from.number<std::uint64_t>();
  if (footer != 0 && footer != kFooterBytes) {
    throw XetError(fmt::format("its footer is said to have {} bytes", footer));
  }
  return footer;
}

ShardFile read_file(Cursor& from, const Record& header) {
  const std::uint64_t count = header.at36;
  const bool verified = (header.at32 & kHasVerification) != 0;
  const bool metadata = (header.at32 & kHasMetadata) != 0;
  need_records(from, count * (verified ? 2 : 1) + (metadata ? 1 : 0));
  ShardFile file{header.hash, {}};
  file.terms.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Record term(from);
    file.terms.push_back({term.hash, term.at36, term.at40, term.at44});
  }
  if (verified) {
    for (Term& term : file.terms) term.verification = Record(from).hash;
  }
  if (metadata) file.sha256 = Record(from).hash.text();
  return file;
}

ShardXorb read_xorb(Cursor& from, const Record& header) {
  const std::uint64_t count = header.at36;
  need_records(from, count);
  ShardXorb xorb{header.hash, header.at44, {}};
  xorb.chunks.reserve(count);
  std::uint64_t start = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Record chunk(from);
    if (chunk.at32 != start) throw XetError("the chunks of a xorb in it do not follow each other");
    start += chunk.at36;
    xorb.chunks.push_back({chunk.hash, chunk.at36});
    if ((chunk.at40 & kGlobalChunk) == 0) continue;
    xorb.global.resize(count);
    xorb.global[i] = true;
  }
  if (start != header.at40) throw XetError("a xorb in it has another length than its chunks");
  return xorb;
}

ShardFooter read_footer(Cursor from) {
  if (from.number<std::uint64_t>() != kFooterVersion) {
    throw XetError("its footer is of an unknown version");
  }
  from.take(64);  // where sections and tables are, which one pass from the front finds by itself
  ShardFooter footer;
  footer.key = from.hash();
  footer.created = from.number<std::uint64_t>();
  footer.expires = from.number<std::uint64_t>();
  return footer;
}

}  // namespace

Shard parse_shard(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxShardBytes) {
    throw XetError(fmt::format("it has more than {} bytes", kMaxShardBytes));
  }
  Cursor from(bytes);
  const std::uint64_t footer_bytes = read_header(from);
  Shard shard;
  for (Record record(from); !record.is_end(); record = Record(from)) {
    shard.files.push_back(read_file(from, record));
  }
  for (Record record(from); !record.is_end(); record = Record(from)) {
    shard.xorbs.push_back(read_xorb(from, record));
  }
  if (footer_bytes == 0) return shard;
  if (from.left().size() < kFooterBytes) throw XetError("it ends before its footer");
  shard.footer = read_footer(Cursor(from.left().last(kFooterBytes)));
  return shard;
}

}  // namespace torchhub::xet
