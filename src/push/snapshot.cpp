#include "torchhub/push/snapshot.h"

#include "base/read_if_there.h"
#include "base/sync_files.h"
#include "push/entry_files.h"
#include "push/files_below.h"
#include "push/kept_copies.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/file_lock.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// The bytes. @return false if the file has gone away meanwhile. @throws FileError, DiskFullError
bool copy_bytes(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error == std::errc::no_such_file_or_directory) return false;
  if (error) throw_file_error("copy", from, error.value());
  return true;
}

}  // namespace

/// `<entry>/{files/, lock, push.json}`.
class Snapshot::Entry {
 public:
  /// @throws FileLockTimeoutError while another process has it
  explicit Entry(fs::path path)
      : path_(std::move(path)), files_(files_of_entry(path_)), lock_(path_ / "lock", {}) {}

  ~Entry() {
    if (kept_) return;
    std::error_code ignored;      // what stays behind is not finished, and is never uploaded
    fs::remove(note(), ignored);  // first: without it the rest is known for rubbish
    fs::remove_all(path_, ignored);
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  const fs::path& path() const { return path_; }
  const fs::path& files() const { return files_; }
  fs::path note() const { return note_of_entry(path_); }
  void set_kept(bool kept) { kept_ = kept; }
  void keep_copies_in(const fs::path& folder) { copies_.emplace(folder); }

  /// Hard link where the file system can, else the bytes.
  void place(const fs::path& from, const std::string& path_in_repo, bool frozen) {
    const fs::path to = files_ / path_in_repo;
    make_folders(to.parent_path());
    is_synced_ = false;
    std::error_code error;
    fs::remove(to, error);  // the newer of two files for one path wins
    if (frozen) {
      fs::create_hard_link(from, to, error);
      if (!error) return;
    }
    const auto name = copies_ && !frozen ? KeptCopies::name_for(from) : std::nullopt;
    if (name && copies_->link(*name, to)) return;
    if (!copy_bytes(from, to)) {
      if (frozen) throw_file_error("copy", from, ENOENT);
      return;
    }
    copied_.push_back(to);
    if (name && KeptCopies::name_for(from) == name) named_[to] = *name;
  }

  void add_text(std::string_view text, const std::string& path_in_repo) {
    is_synced_ = false;
    write_file_atomically(files_ / path_in_repo, text);
  }

  /// What the files hold, and that they are there.
  void sync() {
    if (is_synced_) return;
    std::error_code error;
    std::erase_if(copied_, [&](const fs::path& file) { return !fs::exists(file, error); });
    sync_files(copied_);
    sync_folders_below(files_);
    for (const auto& [file, name] : named_) copies_->keep(name, file);
    if (copies_) copies_->drop_others();
    copied_.clear();
    named_.clear();
    is_synced_ = true;
  }

 private:
  const fs::path path_;
  const fs::path files_;
  const FileLock lock_;
  std::optional<KeptCopies> copies_ = std::nullopt;
  std::vector<fs::path> copied_ = {};           // since the last sync()
  std::map<fs::path, std::string> named_ = {};  // of those, what will do for later snapshots
  bool is_synced_ = false;
  std::atomic<bool> kept_ = false;  // a pusher's thread may release what another keeps
};

Snapshot::Snapshot(const fs::path& entry) : entry_(std::make_shared<Entry>(entry)) {
  make_folders(entry_->files());
}

std::optional<Snapshot> Snapshot::take_over(const fs::path& entry) {
  Snapshot taken;
  try {
    taken.entry_ = std::make_shared<Entry>(entry);
  } catch (const FileLockTimeoutError&) {
    return std::nullopt;
  }
  std::error_code error;
  taken.entry_->set_kept(fs::exists(taken.entry_->note(), error));
  return taken;
}

void Snapshot::keep_copies_in(const fs::path& folder) const { entry_->keep_copies_in(folder); }

void Snapshot::keep(std::string_view note) const {
  entry_->sync();
  write_file_atomically(entry_->note(), note);
  entry_->set_kept(true);
}

std::optional<std::string> Snapshot::note() const {
  return entry_ ? read_file_if_there(entry_->note()) : std::nullopt;
}

void Snapshot::release() const {
  if (entry_) entry_->set_kept(false);
}

void Snapshot::add_folder(const fs::path& folder, const std::string& path_in_repo,
                          const PathFilter& filter, bool frozen) {
  for (const std::string& relative : files_below(folder, filter)) {
    entry_->place(folder / relative, (fs::path(path_in_repo) / relative).generic_string(), frozen);
  }
}

void Snapshot::add_file(const fs::path& file, const std::string& path_in_repo, bool frozen) {
  entry_->place(file, path_in_repo, frozen);
}

void Snapshot::add_text(std::string_view text, const std::string& path_in_repo) {
  entry_->add_text(text, path_in_repo);
}

const fs::path& Snapshot::folder() const {
  static const fs::path none;
  return entry_ ? entry_->files() : none;
}

std::string Snapshot::name() const { return entry_ ? entry_->path().filename().string() : ""; }

std::vector<std::string> Snapshot::paths() const {
  std::vector<std::string> found;
  if (!entry_) return found;
  for (const auto& file : fs::recursive_directory_iterator(folder())) {
    if (file.is_regular_file()) {
      found.push_back(file.path().lexically_relative(folder()).generic_string());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace torchhub
