#include "push/files_below.h"

#include "torchhub/base/error.h"

namespace torchhub {

namespace fs = std::filesystem;

std::vector<std::string> files_below(const fs::path& folder, const PathFilter& filter) {
  std::vector<std::string> found;
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(folder, error);
  for (; !error && entry != fs::end(entry); entry.increment(error)) {
    const std::string relative = entry->path().lexically_relative(folder).generic_string();
    if (entry->is_directory(error)) {
      // Not into snapshots of others either: their pusher deletes them whenever it is done.
      const bool closed = entry->path().filename() == ".git" || filter.refuses_all_below(relative);
      if (closed) entry.disable_recursion_pending();
    } else if (!entry->is_symlink(error) && entry->is_regular_file(error) &&
               filter.takes(relative)) {
      found.push_back(relative);
    }
  }
  if (error) throw_file_error("read the folder", folder, error.value());
  return found;
}

}  // namespace torchhub
