#include "server/lfs/multipart_uploads.h"

#include "server/http/api_error.h"
#include "torchhub/base/log.h"
#include "torchhub/base/random_id.h"
#include "torchhub/base/sha256.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <system_error>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEnding = ".parts";
constexpr std::chrono::hours kCleanEvery{1};

[[noreturn]] void refuse_given_up() {
  throw ApiError(404, "This upload is not known any more. Ask for new links with an LFS batch.");
}

}  // namespace

MultipartUploads::MultipartUploads(Database& database, const DataFolder& folder,
                                   const ObjectStore& objects, RepoObjects& repo_objects,
                                   const Clock& clock, Durability durability,
                                   const FaultPoint& faults)
    : folder_(folder),
      objects_(objects),
      repo_objects_(repo_objects),
      clock_(clock),
      durability_(durability),
      faults_(faults),
      rows_(database, clock) {}

fs::path MultipartUploads::path_of(const std::string& id) const {
  return folder_.incoming() / (id + kEnding);
}

bool MultipartUploads::is_stored(const std::string& repo_id, const LfsPointer& object) const {
  return repo_objects_.is_linked(repo_id, object.oid) && objects_.size(object.oid) == object.size;
}

std::optional<std::uint64_t> MultipartUploads::chunk_bytes(const std::string& repo_id,
                                                           const LfsPointer& object) const {
  const auto upload = rows_.find(repo_id, object);
  return upload ? std::optional(upload->chunk_bytes) : std::nullopt;
}

bool MultipartUploads::has_room(const std::string& repo_id, const LfsPointer& object) const {
  return rows_.elsewhere(repo_id, object.oid) < kMaxPerObject;
}

std::string MultipartUploads::etag(const std::string& repo_id, const LfsPointer& object,
                                   std::uint64_t number) {
  constexpr std::size_t kDigits = 32;
  const std::string name = fmt::format("{} {} {}", repo_id, object.oid, number);
  return "\"" + sha256_hex(name).substr(0, kDigits) + "\"";
}

std::unique_ptr<PartUpload> MultipartUploads::begin_part(const std::string& repo_id,
                                                         const LfsPointer& object,
                                                         std::uint64_t chunk_bytes,
                                                         std::uint64_t number) {
  const std::lock_guard lock(mutex_);  // until the file is open: a completion removes its name
  auto file = find_or_begin(repo_id, object, chunk_bytes);
  return file ? std::make_unique<PartUpload>(std::move(file), number) : nullptr;
}

std::shared_ptr<PartFile> MultipartUploads::find_or_begin(const std::string& repo_id,
                                                          const LfsPointer& object,
                                                          std::uint64_t chunk_bytes) {
  if (is_stored(repo_id, object)) return nullptr;
  auto file = find(repo_id, object);
  if (file && settle_published(file->upload())) return nullptr;
  if (file && !fs::exists(file->path())) {  // somebody tidied up by hand
    drop(file->upload());
    file.reset();
  }
  if (!file) {
    begin(repo_id, object, chunk_bytes);
    file = find(repo_id, object);
  }
  if (file->upload().chunk_bytes == chunk_bytes) return file;
  throw ApiError(409,
                 "This object is coming in parts of another size. Ask for new links with an LFS "
                 "batch.");
}

void MultipartUploads::begin(const std::string& repo_id, const LfsPointer& object,
                             std::uint64_t chunk_bytes) {
  const auto now = clock_.now();
  if (now < cleaned_ || now - cleaned_ >= kCleanEvery) clean_now();
  if (!has_room(repo_id, object)) {
    throw ApiError(429, fmt::format("There are {} unfinished uploads of this object to other "
                                    "repositories of this owner. Finish one of them first.",
                                    kMaxPerObject));
  }
  const UnfinishedUpload upload{random_hex(12), repo_id, object, chunk_bytes};
  const fs::path path = path_of(upload.id);
  objects_.reserve(path, object.size);
  try {
    sync_folder_if(durability_, folder_.incoming());
    rows_.add(upload);  // behind the file: a file without a row goes at the next start
  } catch (...) {
    std::error_code ignored;
    fs::remove(path, ignored);
    throw;
  }
}

std::shared_ptr<PartFile> MultipartUploads::find(const std::string& repo_id,
                                                 const LfsPointer& object) {
  const auto upload = rows_.find(repo_id, object);
  if (!upload) return nullptr;
  auto& file = files_[upload->id];
  if (!file) {
    file = std::make_shared<PartFile>(*upload, path_of(upload->id), rows_.parts(upload->id));
  }
  return file;
}

void MultipartUploads::finish_part(const std::string& repo_id, const LfsPointer& object,
                                   std::uint64_t number, PartUpload& part) {
  part.flush(durability_);
  if (!rows_.add_part(part.upload_id(), number)) {
    // Completed by another client meanwhile, or given up.
    if (is_stored(repo_id, object)) return;
    refuse_given_up();
  }
  faults_.reach("lfs.part_written");
  part.done();
}

void MultipartUploads::need_parts(const std::string& repo_id, const LfsPointer& object,
                                  const PartPlan& plan, const std::set<std::uint64_t>& there,
                                  const std::map<std::uint64_t, std::string>& etags) const {
  for (const auto& [number, tag] : etags) {
    if (!plan.has(number)) {
      throw ApiError(
          404, fmt::format("There is no part {}: this object has {} parts.", number, plan.count()));
    }
  }
  for (std::uint64_t number = 1; number <= plan.count(); ++number) {
    const auto named = etags.find(number);
    if (named == etags.end() || !there.contains(number)) {
      throw ApiError(400, fmt::format("Part {} of {} is missing. Send it, then complete again.",
                                      number, plan.count()));
    }
    if (named->second != etag(repo_id, object, number)) {
      throw ApiError(400, fmt::format("The tag of part {} is not the one that its upload was "
                                      "answered with.",
                                      number));
    }
  }
}

void MultipartUploads::complete(const std::string& repo_id, const LfsPointer& object,
                                std::uint64_t chunk_bytes,
                                const std::map<std::uint64_t, std::string>& etags,
                                const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<PartFile> file = find(repo_id, object);
  lock.unlock();
  // Two clients may complete at once: the second finds it done.
  const auto turn = file ? file->completion_turn() : std::unique_lock<std::mutex>();
  if (is_stored(repo_id, object)) return;
  lock.lock();
  if (file && settle_published(file->upload())) return;
  lock.unlock();
  const PartPlan plan = file ? file->plan() : PartPlan{object.size, chunk_bytes};
  need_parts(repo_id, object, plan,
             file ? rows_.parts(file->upload().id) : std::set<std::uint64_t>(), etags);
  if (file) {
    store(*file, stop);
  } else {
    store_empty(repo_id, object);  // every other object has parts, and would miss them
  }
}

void MultipartUploads::store(PartFile& file, const std::stop_token& stop) {
  const UnfinishedUpload& upload = file.upload();
  file.seal();
  try {
    need_hash(upload.object.oid, file.hash(stop));
    const OpenFile open(::open(file.path().c_str(), O_RDONLY | O_CLOEXEC));
    const auto guard = ObjectGuard::shared(folder_.root());  // until the object is linked
    objects_.publish(file.path(), open, upload.object.oid);
    const std::lock_guard lock(mutex_);  // a part that comes now finds it stored, or unfinished
    repo_objects_.link(upload.repo_id, {upload.object});
    faults_.reach("lfs.multipart_completed");
    drop(upload);
  } catch (const ApiError&) {  // not the object's bytes; which part is wrong, nobody can say
    const std::lock_guard lock(mutex_);
    drop(upload);
    throw;
  } catch (...) {
    // Published and not linked: what is written into the file now would change the object.
    if (!is_published(upload)) file.unseal();
    throw;
  }
}

bool MultipartUploads::is_published(const UnfinishedUpload& upload) const {
  std::error_code missing;
  return fs::equivalent(path_of(upload.id), folder_.object(upload.object.oid), missing);
}

bool MultipartUploads::settle_published(const UnfinishedUpload& upload) {
  if (!is_published(upload)) return false;
  const auto guard = ObjectGuard::shared(folder_.root());  // until the object is linked
  if (!is_published(upload)) return false;                 // collected just before
  repo_objects_.link(upload.repo_id, {upload.object});
  drop(upload);
  return true;
}

void MultipartUploads::store_empty(const std::string& repo_id, const LfsPointer& object) {
  ObjectStore::Upload upload(objects_, object);
  upload.commit();
  repo_objects_.link(repo_id, {object});
}

void MultipartUploads::drop(const UnfinishedUpload& upload) {
  files_.erase(upload.id);
  rows_.remove(upload.id);
  std::error_code ignored;  // a file without a row goes at the next start
  fs::remove(path_of(upload.id), ignored);
}

void MultipartUploads::clean() {
  const std::lock_guard lock(mutex_);
  for (const UnfinishedUpload& upload : rows_.all()) {
    const fs::path path = path_of(upload.id);
    if (settle_published(upload)) continue;
    if (!fs::exists(path)) {
      drop(upload);  // a backup has the row alone
    } else {
      fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
    }
  }
  clean_now();
}

void MultipartUploads::clean_now() {
  cleaned_ = clock_.now();
  for (const UnfinishedUpload& upload : rows_.outdated()) {
    const auto file = files_.find(upload.id);
    if (file != files_.end() && file->second.use_count() > 1) continue;  // a part is coming in
    log::info("unfinished_upload_removed", {{"repository", upload.repo_id}});
    drop(upload);
  }
  // The rows of a repository go with it, the files do not.
  const std::set<std::string> known = file_names();
  for (const auto& entry : fs::directory_iterator(folder_.incoming())) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(kEnding) || known.contains(name)) continue;
    files_.erase(name.substr(0, name.size() - std::string_view(kEnding).size()));
    std::error_code ignored;  // it goes next time
    fs::remove(entry.path(), ignored);
  }
}

std::set<std::string> MultipartUploads::file_names() const {
  std::set<std::string> out;
  for (const UnfinishedUpload& upload : rows_.all()) out.insert(upload.id + kEnding);
  return out;
}

}  // namespace torchhub::server
