#pragma once

#include "server/lfs/object_store.h"
#include "server/lfs/part_upload.h"
#include "server/lfs/upload_rows.h"
#include "server/repos/repo_objects.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

namespace torchhub::server {

/// Uploads in parts: which there are, and what becomes of them. A part goes to its place in a file
/// of the object's size, so that nothing is copied when the last one is there. An upload outlives
/// the server; it ends a day after its last part. Safe from several threads.
class MultipartUploads {
 public:
  /// One owner's unfinished uploads of one object, each to another repository.
  static constexpr std::int64_t kMaxPerObject = 3;

  MultipartUploads(Database& database, const DataFolder& folder, const ObjectStore& objects,
                   RepoObjects& repo_objects, const Clock& clock, Durability durability,
                   const FaultPoint& faults);

  /// Has the repository this object, whole and durable?
  bool is_stored(const std::string& repo_id, const LfsPointer& object) const;
  /// What the unfinished upload of this object has for a part; nothing if there is none.
  std::optional<std::uint64_t> chunk_bytes(const std::string& repo_id,
                                           const LfsPointer& object) const;
  /// Would one more unfinished upload of it be too many?
  bool has_room(const std::string& repo_id, const LfsPointer& object) const;

  /// What the completion calls a part by. It says which part, not what is in it: that is for the
  /// hash of the whole to say, and two clients that send the same parts must agree.
  static std::string etag(const std::string& repo_id, const LfsPointer& object,
                          std::uint64_t number);

  /// Takes the space for all parts, if this is the first one.
  /// @return nothing if the repository has the object already
  /// @throws ApiError 409 if it comes in parts of another size, 429 if there are too many
  /// uploads of it; DiskFullError, FileError
  std::unique_ptr<PartUpload> begin_part(const std::string& repo_id, const LfsPointer& object,
                                         std::uint64_t chunk_bytes, std::uint64_t number);
  /// Once every byte of the part is written. @throws ApiError 404 if the upload was given up
  void finish_part(const std::string& repo_id, const LfsPointer& object, std::uint64_t number,
                   PartUpload& part);

  /// `etags` are what the client has for the parts. Nothing happens if the object is there already.
  /// @throws ApiError 400 for a part that is missing or has another tag, 404 for one that there is
  /// not; 422 if the bytes are not the object's, and the upload is gone; CancelledError
  void complete(const std::string& repo_id, const LfsPointer& object, std::uint64_t chunk_bytes,
                const std::map<std::uint64_t, std::string>& etags, const std::stop_token& stop);

  /// Ends what a crash cut off. Removes what is a day old, or has no file or no repository.
  void clean();
  /// Names in incoming/ that must stay when the server starts.
  std::set<std::string> file_names() const;

 private:
  std::filesystem::path path_of(const std::string& id) const;
  /// Nothing if it is stored. Needs mutex_, as the next two do.
  std::shared_ptr<PartFile> find_or_begin(const std::string& repo_id, const LfsPointer& object,
                                          std::uint64_t chunk_bytes);
  void begin(const std::string& repo_id, const LfsPointer& object, std::uint64_t chunk_bytes);
  /// Nothing if there is none.
  std::shared_ptr<PartFile> find(const std::string& repo_id, const LfsPointer& object);
  void need_parts(const std::string& repo_id, const LfsPointer& object, const PartPlan& plan,
                  const std::set<std::uint64_t>& there,
                  const std::map<std::uint64_t, std::string>& etags) const;
  void store(PartFile& file, const std::stop_token& stop);
  void store_empty(const std::string& repo_id, const LfsPointer& object);
  /// Whether the upload's file is the object: a completion came as far as that.
  bool is_published(const UnfinishedUpload& upload) const;
  /// These need mutex_.
  /// Ends an upload whose object is published: its bytes were right, and a part sent again would
  /// write into the object. @return false if it is not
  bool settle_published(const UnfinishedUpload& upload);
  void drop(const UnfinishedUpload& upload);
  void clean_now();

  const DataFolder& folder_;
  const ObjectStore& objects_;
  RepoObjects& repo_objects_;
  const Clock& clock_;
  Durability durability_;
  const FaultPoint& faults_;
  UploadRows rows_;
  std::mutex mutex_;                                        // held while uploads begin and end
  std::map<std::string, std::shared_ptr<PartFile>> files_;  // by upload; guarded by mutex_
  std::chrono::system_clock::time_point cleaned_ = {};      // guarded by mutex_
};

}  // namespace torchhub::server
