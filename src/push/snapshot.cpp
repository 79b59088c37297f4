#include "torchhub/push/snapshot.h"

#include "base/read_if_there.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/file_lock.h"

#include <algorithm>
#include <atomic>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// Hard link where the file system can, else the bytes.
void place(const fs::path& from, const fs::path& to, bool frozen) {
  make_folders(to.parent_path());
  std::error_code error;
  fs::remove(to, error);  // the newer of two files for one path wins
  if (frozen) {
    fs::create_hard_link(from, to, error);
    if (!error) return;
  }
  error.clear();
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) throw_file_error("copy", from, error.value());
}

bool is_git_folder(const fs::path& path) { return path.filename() == ".git"; }

}  // namespace

/// `<entry>/{files/, lock, push.json}`.
class Snapshot::Entry {
 public:
  /// @throws FileLockTimeoutError while another process has it
  explicit Entry(fs::path path)
      : path_(std::move(path)), files_(path_ / "files"), lock_(path_ / "lock", {}) {}

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
  fs::path note() const { return path_ / "push.json"; }
  void set_kept(bool kept) { kept_ = kept; }

 private:
  const fs::path path_;
  const fs::path files_;
  const FileLock lock_;
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

void Snapshot::keep(std::string_view note) const {
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
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(folder, error);
  for (; !error && entry != fs::end(entry); entry.increment(error)) {
    const std::string relative = entry->path().lexically_relative(folder).generic_string();
    if (entry->is_directory(error)) {
      // Not into snapshots of others either: their pusher deletes them whenever it is done.
      const bool closed = is_git_folder(entry->path()) || filter.refuses_all_below(relative);
      if (closed) entry.disable_recursion_pending();
    } else if (!entry->is_symlink(error) && entry->is_regular_file(error) &&
               filter.takes(relative)) {
      place(entry->path(), entry_->files() / path_in_repo / relative, frozen);
    }
  }
  if (error) throw_file_error("read the folder", folder, error.value());
}

void Snapshot::add_file(const fs::path& file, const std::string& path_in_repo, bool frozen) {
  place(file, entry_->files() / path_in_repo, frozen);
}

void Snapshot::add_text(std::string_view text, const std::string& path_in_repo) {
  write_file_atomically(entry_->files() / path_in_repo, text);
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
