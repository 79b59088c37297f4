#include "hub/partial_blob.h"

#include "torchhub/base/cancel.h"
#include "torchhub/base/random_id.h"
#include "torchhub/wire/lfs_pointer.h"
#include "torchhub/wire/repo.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <vector>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

fs::path new_name(const fs::path& blob) {
  return blob.parent_path() /
         fmt::format("{}.{}.incomplete", blob.filename().string(), random_hex(4));
}

std::vector<fs::path> leftovers_of(const fs::path& blob) {
  std::vector<fs::path> found;
  std::error_code ignored;  // no folder yet: nothing left over
  for (const auto& entry : fs::directory_iterator(blob.parent_path(), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(blob.filename().string() + ".") && name.ends_with(".incomplete")) {
      found.push_back(entry.path());
    }
  }
  return found;
}

bool lies_still(const fs::path& path, const Clock& clock) {
  constexpr auto kStill = std::chrono::minutes(1);
  std::error_code error;
  const auto written = fs::last_write_time(path, error);
  if (error) return false;
  return clock.now() - std::chrono::file_clock::to_sys(written) > kStill;
}

}  // namespace

PartialBlob::PartialBlob(const fs::path& blob, std::string etag, std::uint64_t whole_size, Fresh)
    : blob_(blob), etag_(std::move(etag)), whole_size_(whole_size) {
  open(new_name(blob));
}

PartialBlob::PartialBlob(const fs::path& blob, std::string etag, std::uint64_t whole_size,
                         const Clock& clock, std::stop_token stop)
    : PartialBlob(blob, std::move(etag), whole_size, fresh) {
  if (!digest_) return;  // without a hash to check, what somebody left is not to be trusted
  for (const fs::path& leftover : leftovers_of(blob_)) {
    if (leftover == file_->temporary_path() || !lies_still(leftover, clock)) continue;
    std::error_code error;
    const auto length = fs::file_size(leftover, error);
    if (error || length > whole_size_ || length <= size()) {
      fs::remove(leftover, error);
      continue;
    }
    const fs::path mine = new_name(blob_);
    fs::rename(leftover, mine, error);  // whoever renames it has it
    if (!error) open(mine);
  }
  std::ifstream bytes(file_->temporary_path(), std::ios::binary);
  std::vector<char> chunk(1 << 20);
  while (bytes.read(chunk.data(), static_cast<std::streamsize>(chunk.size())), bytes.gcount() > 0) {
    throw_if_cancelled(stop, "reading a partial download");
    digest_->update(std::string_view(chunk.data(), static_cast<std::size_t>(bytes.gcount())));
  }
}

void PartialBlob::open(const fs::path& temporary) {
  file_ = std::make_unique<AtomicFile>(blob_, temporary);
  digest_.reset();
  if (is_lfs_oid(etag_)) digest_.emplace(Digest::Algorithm::sha256);
  if (is_commit_hash(etag_)) {  // the same form: a SHA-1, here of a blob
    digest_.emplace(Digest::Algorithm::sha1);
    digest_->update(fmt::format("blob {}{}", whole_size_, '\0'));
  }
}

void PartialBlob::append(std::span<const std::byte> bytes) {
  file_->write(bytes);
  if (digest_) digest_->update(bytes);
}

void PartialBlob::restart() {
  if (size() > 0) open(new_name(blob_));
}

std::string PartialBlob::hash() { return digest_ ? digest_->hex() : std::string(); }

}  // namespace torchhub
