#include "server/data_layout.h"

#include <algorithm>

namespace torchhub::testing {

namespace fs = std::filesystem;

std::vector<fs::path> repositories(const fs::path& data) {
  std::vector<fs::path> out;
  for (const auto& group : fs::directory_iterator(data / "repos")) {
    for (const auto& entry : fs::directory_iterator(group)) out.push_back(entry.path());
  }
  return out;
}

Finished git_in(const fs::path& repository, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"git", "-c", "safe.directory=*", "-C", repository.string()});
  return run(std::move(arguments));
}

fs::path object_path(const fs::path& data, const std::string& oid) {
  return data / "lfs" / oid.substr(0, 2) / oid.substr(2, 2) / oid;
}

std::size_t files_below(const fs::path& folder) {
  const auto is_file = [](const fs::directory_entry& entry) { return entry.is_regular_file(); };
  return static_cast<std::size_t>(
      std::count_if(fs::recursive_directory_iterator(folder), {}, is_file));
}

}  // namespace torchhub::testing
