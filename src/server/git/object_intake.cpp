#include "server/git/object_intake.h"

#include "server/git/loose_object.h"
#include "server/store/flush.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/random_id.h"

#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>

#include <cerrno>
#include <set>
#include <unistd.h>
#include <utility>

namespace torchhub::server::git {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMemoryBytes = std::size_t{32} << 20;
/// More objects than this go into one pack: two files to flush instead of one each.
constexpr std::size_t kMaxLooseObjects = 64;

fs::path place_of(const fs::path& objects, const std::string& id) {
  return objects / id.substr(0, 2) / id.substr(2);
}

/// Of a file that lies where place_of() says.
std::string id_of(const fs::path& file) {
  return file.parent_path().filename().native() + file.filename().native();
}

/// Objects in files of their own, not yet where a repository finds them. Those that stay so are
/// removed.
class LooseFiles {
 public:
  LooseFiles() = default;
  ~LooseFiles() {
    for (const auto& [id, path] : files_) ::unlink(path.c_str());
  }
  LooseFiles(const LooseFiles&) = delete;
  LooseFiles& operator=(const LooseFiles&) = delete;

  const fs::path& add(const std::string& id, const fs::path& path) {
    return files_.emplace_back(id, path).second;
  }
  std::vector<fs::path> paths_and(std::vector<fs::path> out) const {
    for (const auto& [id, path] : files_) out.push_back(path);
    return out;
  }
  /// @return the folders that changed
  std::set<fs::path> move_into(const fs::path& repository) {
    const fs::path objects = repository / "objects";
    std::set<fs::path> changed;
    for (; !files_.empty(); files_.pop_back()) {
      const auto& [id, path] = files_.back();
      const fs::path place = place_of(objects, id);
      if (!fs::exists(place.parent_path())) {
        make_folders_in(repository, "objects" / place.parent_path().filename());
        changed.insert(objects);
      }
      if (::rename(path.c_str(), place.c_str()) != 0) throw_file_error("create", place, errno);
      changed.insert(place.parent_path());
    }
    return changed;
  }

 private:
  std::vector<std::pair<std::string, fs::path>> files_ = {};
};

}  // namespace

ObjectIntake::ObjectIntake(Repository& repository, const DataFolder& data)
    : target_(repository),
      data_(data),
      folder_(data.incoming() / random_hex(12)),
      view_(repository.reopened()) {
  git_odb* raw = nullptr;
  check(git_odb_new(&raw), "open the objects");
  objects_.reset(raw);
  memory_ = &MemoryObjects::add_to(*raw, 2, kMemoryBytes, [this] { make_folders(folder_); });
  constexpr int kDefaultCompression = -1;
  check(git_odb_backend_loose(&loose_, folder_.c_str(), kDefaultCompression, 0, 0, 0),
        "open the intake");
  check(git_odb_add_backend(raw, loose_, 1), "open the intake");
  check(git_odb_add_disk_alternate(raw, (target_.path() / "objects").c_str()), "open the objects");
  check(git_repository_set_odb(view_.handle(), raw), "open the intake");
}

ObjectIntake::~ObjectIntake() {
  std::error_code ignored;  // what stays is removed at the next start
  fs::remove_all(folder_, ignored);
}

git_oid ObjectIntake::write_blob(std::string_view bytes) {
  bytes_ += bytes.size();
  git_oid oid;
  check(git_odb_write(&oid, objects_.get(), bytes.data(), bytes.size(), GIT_OBJECT_BLOB),
        "write a file");
  return oid;
}

std::string ObjectIntake::read_blob(const git_oid& oid) const {
  const auto blob = made<BlobHandle>("read a file", git_blob_lookup, view_.handle(), &oid);
  return {static_cast<const char*>(git_blob_rawcontent(blob.get())),
          static_cast<std::size_t>(git_blob_rawsize(blob.get()))};
}

git_oid ObjectIntake::write_tag(const std::string& name, const std::string& commit,
                                const std::string& message, const git_signature& tagger) {
  const CommitHandle target = view_.find_commit(commit);
  git_oid oid;
  check(git_tag_annotation_create(&oid, view_.handle(), name.c_str(),
                                  reinterpret_cast<git_object*>(target.get()), &tagger,
                                  message.c_str()),
        "create a tag");
  return oid;
}

void ObjectIntake::discard(const git_oid& oid) {
  memory_->forget(oid);
  ::unlink(place_of(folder_, to_hex(oid)).c_str());
}

std::vector<fs::path> ObjectIntake::spilled() const {
  constexpr std::size_t kNameLength = GIT_OID_HEXSZ - 2;
  std::vector<fs::path> out;
  std::error_code missing;  // nothing was spilled
  for (const auto& entry : fs::recursive_directory_iterator(folder_, missing)) {
    if (entry.is_regular_file() && entry.path().filename().native().size() == kNameLength) {
      out.push_back(entry.path());
    }
  }
  return out;
}

void ObjectIntake::keep(const std::vector<fs::path>& also_flush) {
  const std::vector<fs::path> files = spilled();
  if (files.size() + memory_->ids().size() > kMaxLooseObjects) {
    keep_packed(files);
    if (target_.durability() == Durability::full) flush_together(also_flush);
  } else {
    keep_loose(files, also_flush);
  }
  memory_->clear();
}

void ObjectIntake::keep_loose(const std::vector<fs::path>& spilled_files,
                              const std::vector<fs::path>& also_flush) {
  LooseFiles files;
  for (const fs::path& file : spilled_files) files.add(id_of(file), file);
  for (const git_oid& oid : memory_->ids()) {
    const auto object = made<OdbObjectHandle>("read an object", git_odb_read, objects_.get(), &oid);
    // No folder for them: ext4 is slow to make one where others were removed a moment ago.
    const std::string id = to_hex(oid);
    write_loose_object(files.add(id, fs::path(folder_).concat("-" + id)), *object);
  }
  const bool durable = target_.durability() == Durability::full;
  if (durable) flush_together(files.paths_and(also_flush));
  const std::set<fs::path> changed = files.move_into(target_.path());
  if (durable) flush_together({changed.begin(), changed.end()});
}

void ObjectIntake::keep_packed(const std::vector<fs::path>& files) {
  const auto builder = made<PackBuilderHandle>("write a pack", git_packbuilder_new, view_.handle());
  std::vector<git_oid> ids = memory_->ids();
  for (const fs::path& file : files) {
    ids.push_back(parse_oid(id_of(file)));
  }
  for (const git_oid& oid : ids) {
    check(git_packbuilder_insert(builder.get(), &oid, nullptr), "write a pack");
  }
  // libgit2 writes packs through a memory map: a full disk would be a SIGBUS, not an error.
  constexpr std::uint64_t kBytesAnObject = 256;  // index, headers, trees
  const auto space = data_.hold_space(bytes_ + ids.size() * kBytesAnObject);
  // Flushed as core.fsyncObjectFiles in our settings says.
  const fs::path folder = target_.path() / "objects" / "pack";
  check(git_packbuilder_write(builder.get(), folder.c_str(), 0, nullptr, nullptr), "write a pack");
  sync_folder_if(target_.durability(), folder);
}

}  // namespace torchhub::server::git
