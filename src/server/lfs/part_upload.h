#pragma once

#include "server/http/response.h"
#include "server/lfs/part_plan.h"
#include "server/lfs/parts_hash.h"
#include "server/lfs/upload_rows.h"
#include "torchhub/server/options.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <stop_token>
#include <string>

namespace torchhub::server {

/// The file of an unfinished upload, which several requests write to at once.
class PartFile {
 public:
  PartFile(UnfinishedUpload upload, std::filesystem::path path, std::set<std::uint64_t> parts);

  const UnfinishedUpload& upload() const { return upload_; }
  const std::filesystem::path& path() const { return path_; }
  PartPlan plan() const { return {upload_.object.size, upload_.chunk_bytes}; }

  /// Held by whoever completes the upload.
  std::unique_lock<std::mutex> completion_turn() { return std::unique_lock(completing_); }
  /// From now on nothing is written any more: bytes that come are dropped.
  void seal();
  /// After a completion that failed and may be tried again.
  void unseal();
  /// @return the SHA-256 of all of it; while sealed. @throws FileError, CancelledError
  std::string hash(const std::stop_token& stop) const;

 private:
  friend class PartUpload;
  /// Hashes parts that came out of order. At most two, since somebody waits for an answer: that is
  /// one more than comes in meanwhile.
  void catch_up();

  UnfinishedUpload upload_;
  std::filesystem::path path_;
  std::mutex completing_;
  std::shared_mutex gate_;  // shared while writing, so that seal() waits for it
  bool sealed_ = false;     // guarded by gate_
  PartsHash hash_;
  std::mutex mutex_;
  std::set<std::uint64_t> parts_;  // guarded by mutex_; on disk
};

/// One part on its way in.
class PartUpload {
 public:
  /// @throws FileError
  PartUpload(std::shared_ptr<PartFile> file, std::uint64_t number);
  ~PartUpload();
  PartUpload(const PartUpload&) = delete;
  PartUpload& operator=(const PartUpload&) = delete;

  const std::string& upload_id() const { return file_->upload().id; }
  /// How much came so far.
  std::uint64_t size() const { return size_; }
  /// At most the part's length in all.
  void write(std::span<const std::byte> bytes);
  /// Makes what came durable. @throws FileError
  void flush(Durability durability);
  /// The part is whole, on disk and noted.
  void done();

 private:
  std::shared_ptr<PartFile> file_;
  std::uint64_t number_;
  OpenFile descriptor_;
  std::uint64_t size_ = 0;
  bool dropped_ = false;  ///< Bytes came after seal().
  bool done_ = false;
  PartsHash::Writer hash_;  // last: what it began is ended in the destructor
};

}  // namespace torchhub::server
