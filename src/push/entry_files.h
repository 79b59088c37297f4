#pragma once

#include <filesystem>

namespace torchhub {

/// What lies in the folder of a job: the files that go up, and once it is handed over, its note.
inline std::filesystem::path files_of_entry(const std::filesystem::path& entry) {
  return entry / "files";
}
inline std::filesystem::path note_of_entry(const std::filesystem::path& entry) {
  return entry / "push.json";
}

}  // namespace torchhub
