#include "server/xet/shard_intake.h"

#include "server/http/api_error.h"
#include "server/store/object_guard.h"
#include "torchhub/base/sha256.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace torchhub::server {
namespace {

std::set<xet::Hash> xorbs_of(const xet::Shard& shard) {
  std::set<xet::Hash> out;
  for (const xet::ShardFile& file : shard.files) {
    for (const xet::Term& term : file.terms) out.insert(term.xorb);
  }
  return out;
}

}  // namespace

ShardIntake::ShardIntake(HubState& hub, XetSession session)
    : hub_(hub),
      session_(std::move(session)),
      source_(hub.xorbs, hub.objects, hub.stop.get_token()) {}

bool ShardIntake::take(const xet::Shard& shard) {
  // First of all, so that no bytes go while they are read.
  hub_.xorbs.touch(session_, xorbs_of(shard));
  std::vector<std::uint64_t> sizes;
  for (const xet::ShardFile& file : shard.files) sizes.push_back(checked_size(file));
  if (session_.offers) {
    hub_.offers.need_room(session_.user_id,
                          std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0}));
  }
  need_room(shard, sizes);
  std::vector<LfsPointer> objects;
  for (std::size_t i = 0; i < shard.files.size(); ++i) {
    objects.push_back(stored_object(shard.files[i], sizes[i]));
    files_.push_back({shard.files[i].hash, objects.back()});
    note_places(shard.files[i], objects.back().oid);
  }
  hub_.faults.reach("xet.rebuilt");
  const auto guard = ObjectGuard::shared(hub_.folder.root());
  need_still_here(objects);
  const bool is_new = std::ranges::any_of(objects, [this](const LfsPointer& object) {
    return !hub_.repo_objects.is_linked(session_.repo_id, object.oid) &&
           !hub_.offers.has(session_.repo_id, session_.user_id, object.oid);
  });
  hub_.xorbs.remember(files_, places_);
  keep(objects);
  return is_new;
}

/// As far as the shard names objects; what it does not name is looked at when it is linked.
void ShardIntake::need_room(const xet::Shard& shard,
                            const std::vector<std::uint64_t>& sizes) const {
  if (session_.offers) return;
  std::vector<LfsPointer> named;
  for (std::size_t i = 0; i < shard.files.size(); ++i) {
    if (const auto& oid = shard.files[i].sha256) named.push_back({*oid, sizes[i]});
  }
  hub_.repo_objects.need_room(session_.repo_id, named);
}

/// Nobody has linked them yet, so the collector may have come meanwhile.
void ShardIntake::need_still_here(const std::vector<LfsPointer>& objects) const {
  for (const LfsPointer& object : objects) {
    if (hub_.objects.size(object.oid) == object.size) continue;
    throw ApiError(503, "The server was cleaned up at this moment. Send the shard again.", {},
                   {{"Retry-After", "1"}});
  }
}

void ShardIntake::keep(const std::vector<LfsPointer>& objects) {
  if (!session_.offers) return hub_.repo_objects.link(session_.repo_id, objects);
  for (const LfsPointer& object : objects) {
    hub_.offers.add(session_.repo_id, session_.user_id, object);
  }
}

/// Also checks that its terms, whose chunks the caller knows, are the file of this hash.
std::uint64_t ShardIntake::checked_size(const xet::ShardFile& file) {
  std::uint64_t size = 0;
  xet::MerkleTree tree;
  for (const xet::Term& term : file.terms) {
    for (const xet::ChunkId& chunk : source_.checked_chunks(term)) tree.add(chunk);
    size += term.bytes;
  }
  const xet::Hash found = xet::file_hash(tree.root());
  if (found != file.hash) {
    throw ApiError(400, fmt::format("The chunks that the shard names for the file {} give {}.",
                                    file.hash.text(), found.text()));
  }
  if (size > hub_.options.max_object_bytes) {
    throw ApiError(413, fmt::format("The file {} has {} bytes; an object may have {}.",
                                    file.hash.text(), size, hub_.options.max_object_bytes));
  }
  return size;
}

LfsPointer ShardIntake::stored_object(const xet::ShardFile& file, std::uint64_t size) {
  const auto known = hub_.xorbs.object_of(file.hash);
  const bool here = known && hub_.objects.size(known->oid) == known->size;
  // The caller has shown that he knows every chunk, and equal chunks are equal bytes.
  if (here && file.sha256.value_or(known->oid) == known->oid) return *known;
  LfsPointer object{file.sha256.value_or(""), size};
  if (!file.sha256) {
    Digest digest(Digest::Algorithm::sha256);
    rebuild(file, [&](std::span<const std::byte> bytes) { digest.update(bytes); });
    object.oid = digest.hex();
  }
  ObjectStore::Upload upload(hub_.objects, object);
  rebuild(file, [&](std::span<const std::byte> bytes) { upload.write(bytes); });
  upload.commit();
  return object;
}

void ShardIntake::rebuild(const xet::ShardFile& file, const ChunkSource::Take& take) {
  for (const xet::Term& term : file.terms) source_.read(term, take);
}

void ShardIntake::note_places(const xet::ShardFile& file, const std::string& oid) {
  std::uint64_t at = 0;
  for (const xet::Term& term : file.terms) {
    places_.push_back({term.xorb, term.start, term.end, oid, at});
    at += term.bytes;
  }
}

}  // namespace torchhub::server
