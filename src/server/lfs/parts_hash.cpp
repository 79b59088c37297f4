#include "server/lfs/parts_hash.h"

#include <algorithm>
#include <vector>

namespace torchhub::server {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;

void hash_range(Digest& digest, std::uint64_t begin, std::uint64_t end,
                const PartsHash::ReadFn& read) {
  std::vector<std::byte> room(
      static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, end - begin)));
  while (begin < end) {
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), end - begin));
    const std::size_t count = read(begin, std::span(room).first(wanted));
    if (count == 0) return;  // the file was cut off: the hash will not fit
    digest.update(std::span<const std::byte>(room).first(count));
    begin += count;
  }
}

}  // namespace

void PartsHash::Writer::update(std::span<const std::byte> bytes) {
  if (digest_) digest_->update(bytes);
}

PartsHash::Writer PartsHash::begin(std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  if (offset < position_) {
    digest_ = Digest(Digest::Algorithm::sha256);
    position_ = 0;
    ++version_;
  }
  Writer writer;
  writer.offset_ = offset;
  const bool alone = ++writers_[offset] == 1;
  if (offset != position_) return writer;
  writer.version_ = ++version_;
  if (alone) writer.digest_ = digest_.copy();
  return writer;
}

bool PartsHash::leave(const Writer& writer) {
  const auto found = writers_.find(writer.offset_);
  const bool last = --found->second == 0;
  if (last) writers_.erase(found);
  return last;
}

void PartsHash::end(Writer& writer, std::uint64_t length) {
  const std::lock_guard lock(mutex_);
  leave(writer);
  if (!writer.digest_ || writer.version_ != version_) return;
  digest_ = *std::move(writer.digest_);
  position_ += length;
  ++version_;
}

void PartsHash::abandon(const Writer& writer) {
  const std::lock_guard lock(mutex_);
  leave(writer);
}

void PartsHash::catch_up(const std::function<std::uint64_t(std::uint64_t)>& length,
                         std::uint64_t limit, const ReadFn& read) {
  const std::unique_lock turn(catching_up_, std::try_to_lock);
  if (!turn) return;
  for (std::uint64_t hashed = 0; hashed < limit;) {
    std::unique_lock lock(mutex_);
    const std::uint64_t begin = position_;
    const std::uint64_t version = version_;
    const std::uint64_t size = writers_.contains(begin) ? 0 : length(begin);
    if (size == 0 || hashed + size > limit) return;
    Digest digest = digest_.copy();
    lock.unlock();
    hash_range(digest, begin, begin + size, read);
    lock.lock();
    if (version != version_) return;
    digest_ = std::move(digest);
    position_ = begin + size;
    ++version_;
    hashed += size;
  }
}

std::string PartsHash::finish(std::uint64_t size, const ReadFn& read) const {
  std::unique_lock lock(mutex_);
  Digest digest = digest_.copy();
  const std::uint64_t position = position_;
  lock.unlock();
  hash_range(digest, position, size, read);
  return digest.hex();
}

}  // namespace torchhub::server
