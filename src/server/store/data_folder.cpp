#include "server/store/data_folder.h"

#include "server/store/open_file.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"
#include "torchhub/server/errors.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

constexpr int kFolderFormat = 1;
constexpr const char* kCleanMark = "clean";

void check_format(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    write_file_atomically(path, fmt::format("{}\n", kFolderFormat));
    return;
  }
  const std::string text = read_file(path);
  int format = 0;
  std::from_chars(text.data(), text.data() + text.size(), format);
  if (format == kFolderFormat) return;
  throw Error(fmt::format(
      "'{}' says layout {}, but this torchhub knows layout {}. Use the torchhub that made the data "
      "folder, or a newer one.",
      path.string(), text.substr(0, text.find('\n')), kFolderFormat));
}

/// Private repositories and hashes of tokens are nobody else's business. A folder that is there
/// already keeps the rights that its owner gave it.
void make_root(const fs::path& root) {
  std::error_code ignored;  // make_folders says what is wrong
  const bool is_new = !fs::exists(root, ignored);
  make_folders(root);
  if (is_new) fs::permissions(root, fs::perms::owner_all);
}

/// No branch or tag can have a name that ends in ".lock" (git check-ref-format), so none is lost.
template <typename Iterator>
void remove_locks(Iterator entries) {
  for (const fs::directory_entry& entry : entries) {
    if (entry.path().extension() != ".lock" || !entry.is_regular_file()) continue;
    std::error_code ignored;  // who commits there gets to know
    if (fs::remove(entry.path(), ignored)) {
      log::info("stale_lock_removed", {{"file", entry.path().string()}});
    }
  }
}

fs::path fan_out(const fs::path& root, std::string_view name, int levels) {
  fs::path path = root;
  for (int level = 0; level < levels; ++level) {
    path /= name.substr(static_cast<std::size_t>(level) * 2, 2);
  }
  return path / name;
}

}  // namespace

DataFolder::DataFolder(fs::path root) : root_(fs::absolute(std::move(root))) {
  make_root(root_);
  check_format(root_ / "FORMAT");
  for (const char* name : {"repos", "lfs", "xet", "incoming", "keys", "trash"})
    make_folders(root_ / name);
  fs::permissions(root_ / "keys", fs::perms::owner_all);
}

void DataFolder::lock() {
  try {
    lock_.emplace(root_ / "lock", std::chrono::milliseconds(0));
  } catch (const FileLockTimeoutError&) {
    throw DataFolderInUseError(
        fmt::format("Another torchhub server uses the data folder '{}'. Stop it, or choose another "
                    "folder with --data.",
                    root_.string()));
  }
}

fs::path DataFolder::repository(std::string_view id) const {
  return fan_out(root_ / "repos", id, 1).concat(".git");
}

fs::path DataFolder::object(std::string_view oid) const { return fan_out(root_ / "lfs", oid, 2); }

std::unique_lock<std::mutex> DataFolder::hold_space(std::uint64_t bytes) const {
  constexpr std::uint64_t kMargin = std::uint64_t{8} << 20;  // what else is written meanwhile
  std::unique_lock lock = space_turn();
  if (fs::space(root_).available < bytes + kMargin) {
    throw DiskFullError(
        fmt::format("'{}' has no room for {} more bytes. Free some space.", root_.string(), bytes),
        root_);
  }
  return lock;
}

void DataFolder::keep_reserve() const {
  constexpr off_t kReserveBytes = off_t{1} << 20;
  const fs::path path = root_ / "reserve";
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return;  // the disk is full already
  const int error = ::posix_fallocate(descriptor, 0, kReserveBytes);
  ::close(descriptor);
  if (error != 0) give_up_reserve();
}

void DataFolder::give_up_reserve() const {
  std::error_code ignored;  // it may be gone
  fs::remove(root_ / "reserve", ignored);
}

bool DataFolder::take_clean_mark(Durability durability) const {
  if (!fs::remove(root_ / kCleanMark)) return false;
  sync_folder_if(durability, root_);  // a power cut must not bring it back
  return true;
}

void DataFolder::leave_clean_mark() const {
  // Not flushed: without it the next start only looks closer.
  const fs::path mark = root_ / kCleanMark;
  const OpenFile made(::open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

void DataFolder::empty_incoming(const std::set<std::string>& keep) const {
  for (const auto& entry : fs::directory_iterator(incoming())) {
    if (keep.contains(entry.path().filename().string())) continue;
    std::error_code ignored;  // what cannot go now goes at the next start
    fs::remove_all(entry.path(), ignored);
  }
}

void DataFolder::remove_stale_locks() const {
  for (const auto& group : fs::directory_iterator(root_ / "repos")) {
    for (const auto& repository : fs::directory_iterator(group)) remove_git_locks(repository);
  }
}

void make_folders_in(const fs::path& root, const fs::path& below) {
  fs::path place = root;
  for (const fs::path& name : below) {
    place /= name;
    if (::mkdir(place.c_str(), 0777) == 0 || errno == EEXIST) continue;
    throw_file_error("create the folder", place, errno);
  }
}

void remove_git_locks(const fs::path& repository) {
  if (!fs::is_directory(repository)) return;
  remove_locks(fs::directory_iterator(repository));  // HEAD, config, packed-refs
  const fs::path refs = repository / "refs";
  if (fs::exists(refs)) remove_locks(fs::recursive_directory_iterator(refs));
}

void sync_file(const fs::path& path) {
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.descriptor() < 0) throw_file_error("open", path, errno);
  if (::fsync(file.descriptor()) != 0) throw_file_error("flush", path, errno);
}

void sync_folder_if(Durability durability, const fs::path& path) {
  if (durability == Durability::full) sync_folder(path);
}

void sync_tree_if(Durability durability, const fs::path& path) {
  if (durability != Durability::full) return;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_directory()) sync_folder(entry.path());
    if (entry.is_regular_file()) sync_file(entry.path());
  }
  sync_folder(path);
}

}  // namespace torchhub::server
