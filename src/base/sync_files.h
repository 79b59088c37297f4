#pragma once

#include <filesystem>
#include <vector>

namespace torchhub {

/// Puts the contents of finished files on the disk, so that they survive a power cut; the disk may
/// work on all of them at a time. Their folders are the caller's business. @throws FileError
void sync_files(const std::vector<std::filesystem::path>& files);

/// The same for a folder and all folders below it: the names in them. @throws FileError
void sync_folders_below(const std::filesystem::path& folder);

}  // namespace torchhub
