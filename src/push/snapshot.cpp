#include "torchhub/push/snapshot.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>

#include <algorithm>

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

struct Snapshot::Folder {
  explicit Folder(fs::path p) : path(std::move(p)) { make_folders(path); }
  ~Folder() {
    std::error_code ignored;  // what stays behind lies below _torchhub/ and is never uploaded
    fs::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const fs::path path;
};

Snapshot::Snapshot(const fs::path& parent)
    : folder_(std::make_shared<Folder>(parent / fmt::format("push-{}", random_hex(6)))) {}

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
      place(entry->path(), folder_->path / path_in_repo / relative, frozen);
    }
  }
  if (error) throw_file_error("read the folder", folder, error.value());
}

void Snapshot::add_file(const fs::path& file, const std::string& path_in_repo, bool frozen) {
  place(file, folder_->path / path_in_repo, frozen);
}

void Snapshot::add_text(std::string_view text, const std::string& path_in_repo) {
  write_file_atomically(folder_->path / path_in_repo, text);
}

const fs::path& Snapshot::folder() const {
  static const fs::path none;
  return folder_ ? folder_->path : none;
}

std::vector<std::string> Snapshot::paths() const {
  std::vector<std::string> found;
  if (!folder_) return found;
  for (const auto& entry : fs::recursive_directory_iterator(folder_->path)) {
    if (entry.is_regular_file()) {
      found.push_back(entry.path().lexically_relative(folder_->path).generic_string());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace torchhub
