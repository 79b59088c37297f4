#pragma once

#include "torchhub/base/atomic_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <string>

namespace torchhub::testing {

/// All that is below a folder, each with its contents and the time of its last change: whoever
/// writes there, if only for a moment, makes it another.
inline std::map<std::string, std::string> everything_in(const std::filesystem::path& folder) {
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    found[entry.path().string()] =
        fmt::format("{} {}", entry.last_write_time().time_since_epoch().count(),
                    entry.is_regular_file() ? read_file(entry.path()) : "");
  }
  return found;
}

}  // namespace torchhub::testing
