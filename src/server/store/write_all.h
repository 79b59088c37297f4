#pragma once

#include "server/store/open_file.h"

#include <cstddef>
#include <filesystem>
#include <span>

namespace torchhub::server {

/// All of it, where the file stands. @param path for the error @throws DiskFullError, FileError
void write_all(const OpenFile& file, std::span<const std::byte> bytes,
               const std::filesystem::path& path);

}  // namespace torchhub::server
