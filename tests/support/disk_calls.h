#pragma once

#include <cstddef>
#include <filesystem>

/// What this program asks the system to put on the disk, in order, by any thread: its fsync(),
/// fdatasync() and rename() stand before the C library's. Link torchhub_test_disk_calls.
namespace torchhub::testing::disk_calls {

/// Forgets the calls of before.
void clear();
std::size_t count();

/// How many calls came before the last that flushed a file or folder, under this name or one that
/// it had before; count() if there was none.
std::size_t flush_of(const std::filesystem::path& path);
/// The same of the last that gave something this name.
std::size_t rename_to(const std::filesystem::path& path);

/// How often it was flushed.
std::size_t times_flushed(const std::filesystem::path& path);

/// Was it flushed at all?
inline bool flushed(const std::filesystem::path& path) { return flush_of(path) < count(); }

}  // namespace torchhub::testing::disk_calls
