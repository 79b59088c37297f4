#pragma once

#include "hub/api.h"
#include "torchhub/wire/lfs_pointer.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace torchhub::cli {

/// Brings LFS objects from one hub to another by way of files in `room`, one batch at a time. What
/// the target has does not travel. @return bytes sent @throws HubHttpError, FileError
std::uint64_t mirror_objects(const HubApi& from, const HubApi& to, const Repo& repo,
                             const Repo& target, const std::vector<LfsPointer>& objects,
                             const std::filesystem::path& room);

/// Those that the repository cannot give out. @throws HubHttpError
std::vector<LfsPointer> missing_objects(const HubApi& hub, const Repo& repo,
                                        const std::vector<LfsPointer>& objects);

}  // namespace torchhub::cli
