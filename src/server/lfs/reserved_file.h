#pragma once

#include "server/http/response.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace torchhub::server {

/// A new file with all its space taken, open for writing; only its owner may write to it.
/// @throws DiskFullError, with nothing left; FileError
OpenFile make_reserved_file(const std::filesystem::path& path, std::uint64_t size);

/// Writes all of it, and has the disk begin early with what came in. @throws DiskFullError,
/// FileError
void write_at(const OpenFile& file, std::uint64_t offset, std::span<const std::byte> bytes,
              const std::filesystem::path& path);

}  // namespace torchhub::server
