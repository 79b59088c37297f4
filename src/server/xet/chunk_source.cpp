#include "server/xet/chunk_source.h"

#include "server/http/api_error.h"
#include "torchhub/base/cancel.h"
#include "torchhub/base/error.h"
#include "torchhub/xet/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace torchhub::server {
namespace {

constexpr std::size_t kXorbsAtOnce = 64;  // some 40 KB each, and a file

[[noreturn]] void refuse_chunks(const xet::Hash& xorb) {
  throw ApiError(
      400,
      fmt::format("This hub does not have the xorb {} with the chunks that the shard names. "
                  "Clients remember xorbs that they sent long ago: remove the client's list of "
                  "them (for hf_xet the folder 'xet' in HF_HOME) and send the files again.",
                  xorb.text()));
}

void read_fully(const OpenFile& file, std::uint64_t at, std::span<std::byte> room) {
  while (!room.empty()) {
    const ssize_t count =
        ::pread(file.descriptor(), room.data(), room.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw Error("A stored file ends early, or cannot be read.");
    at += static_cast<std::uint64_t>(count);
    room = room.subspan(static_cast<std::size_t>(count));
  }
}

std::uint64_t size_of(const OpenFile& file) {
  struct stat info {};
  return ::fstat(file.descriptor(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

bool names_chunks_of(const xet::Term& term, const xet::XorbTable& table) {
  return term.start < term.end && term.end <= table.chunks.size() &&
         term.bytes == table.chunks[term.end - 1].raw_end - table.raw_start(term.start);
}

}  // namespace

const std::shared_ptr<ChunkSource::Xorb>& ChunkSource::find(const xet::Hash& hash) {
  if (const auto seen = seen_.find(hash); seen != seen_.end()) return seen->second;
  auto table = xorbs_.table(hash);
  if (!table) refuse_chunks(hash);
  if (seen_.size() == kXorbsAtOnce) seen_.clear();
  return seen_.emplace(hash, std::make_shared<Xorb>(Xorb{*std::move(table)})).first->second;
}

std::vector<xet::ChunkId> ChunkSource::checked_chunks(const xet::Term& term) {
  const xet::XorbTable& table = find(term.xorb)->table;
  if (!names_chunks_of(term, table)) refuse_chunks(term.xorb);
  std::vector<xet::ChunkId> out;
  std::vector<xet::Hash> hashes;
  for (std::size_t i = term.start; i < term.end; ++i) {
    out.push_back({table.chunks[i].hash, table.raw_size(i)});
    hashes.push_back(table.chunks[i].hash);
  }
  // Who knows only the xorb's hash must learn nothing from the answer, not even that it is here.
  if (term.verification != xet::verification_hash(hashes)) refuse_chunks(term.xorb);
  return out;
}

void ChunkSource::look_for_bytes(Xorb& xorb) const {
  if (std::exchange(xorb.looked_for, true)) return;
  xorb.file = xorbs_.open(xorb.table.hash);
  // Sent again a moment ago and packed in another way, it would not be what the table says.
  if (xorb.file && size_of(*xorb.file) != xorb.table.packed_bytes()) xorb.file.reset();
  if (!xorb.file) xorb.places = xorbs_.places(xorb.table.hash);
}

void ChunkSource::read(const xet::Term& term, const Take& take) {
  const std::shared_ptr<Xorb> xorb = find(term.xorb);
  look_for_bytes(*xorb);
  if (xorb->file) {
    read_xorb(*xorb, term, take);
  } else {
    read_objects(*xorb, term, take);
  }
}

void ChunkSource::read_xorb(const Xorb& xorb, const xet::Term& term, const Take& take) {
  std::vector<std::byte> packed;
  for (std::size_t i = term.start; i < term.end; ++i) {
    throw_if_cancelled(stop_, "rebuilding a file");
    packed.resize(xorb.table.chunks[i].packed_end - xorb.table.packed_start(i));
    read_fully(*xorb.file, xorb.table.packed_start(i), packed);
    const std::span<const std::byte> all(packed);
    const auto header = xet::ChunkHeader::parse(all.first<xet::ChunkHeader::kBytes>());
    take(decoder_.decode(header, all.subspan(xet::ChunkHeader::kBytes)));
  }
}

void ChunkSource::read_objects(const Xorb& xorb, const xet::Term& term, const Take& take) const {
  constexpr std::size_t kBlockBytes = std::size_t{256} << 10;
  std::vector<std::byte> block(kBlockBytes);
  for (std::uint32_t next = term.start; next < term.end;) {
    std::optional<OpenFile> object;
    const auto place = std::ranges::find_if(xorb.places, [&](const XorbPlace& candidate) {
      if (candidate.first > next || candidate.past <= next) return false;
      object = objects_.open(candidate.oid);  // its last repository may be gone, and it with it
      return object.has_value();
    });
    if (place == xorb.places.end()) refuse_chunks(xorb.table.hash);
    const std::uint32_t past = std::min(place->past, term.end);
    std::uint64_t at =
        place->at + (xorb.table.raw_start(next) - xorb.table.raw_start(place->first));
    for (std::uint64_t left = xorb.table.raw_start(past) - xorb.table.raw_start(next); left > 0;) {
      throw_if_cancelled(stop_, "rebuilding a file");
      const auto room = std::span(block).first(std::min<std::uint64_t>(left, block.size()));
      read_fully(*object, at, room);
      take(room);
      at += room.size();
      left -= room.size();
    }
    next = past;
  }
}

}  // namespace torchhub::server
