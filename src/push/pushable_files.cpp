#include "torchhub/push/pushable_files.h"

#include "push/never_pushed.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// Nor git's folder, and ours.
PathFilter left_out() {
  PathFilter filter{.ignore = never_pushed()};
  filter.ignore.insert(filter.ignore.end(),
                       {".git", ".git/*", "*/.git", "*/.git/*", "*/.cache/huggingface/*",
                        "_torchhub/*", "*/_torchhub/*"});
  return filter;
}

}  // namespace

FileStamps pushable_files(const fs::path& folder, const PathFilter& filter) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw InvalidArgumentError(fmt::format(
        "'{}' is not a folder. Give the folder whose files are to be pushed.", folder.string()));
  }
  const PathFilter never{left_out()};
  FileStamps found;
  auto entry = fs::recursive_directory_iterator(folder, error);
  for (; !error && entry != fs::end(entry); entry.increment(error)) {
    const std::string path = entry->path().lexically_relative(folder).generic_string();
    std::error_code gone;  // a file may be renamed away while we look
    if (entry->is_directory(gone)) {
      if (never.refuses_all_below(path)) entry.disable_recursion_pending();
    } else if (entry->is_regular_file(gone) && never.takes(path) && filter.takes(path)) {
      const FileStamp stamp{.bytes = entry->file_size(gone),
                            .changed = entry->last_write_time(gone)};
      if (!gone) found.emplace(path, stamp);
    }
  }
  if (error) throw_file_error("read the folder", folder, error.value());
  return found;
}

}  // namespace torchhub
