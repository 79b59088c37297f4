#pragma once

#include <filesystem>
#include <vector>

namespace torchhub::server {

/// fsync of files and folders, all at once: a disk takes hardly longer for several than for one,
/// since the file system's journal is written once for all of them.
/// @throws FileError for the first that failed, when all are through
void flush_together(const std::vector<std::filesystem::path>& paths);

}  // namespace torchhub::server
