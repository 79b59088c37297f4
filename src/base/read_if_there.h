#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace torchhub {

/// The whole file; nothing if there is none, or none that may be looked at. @throws FileError
std::optional<std::string> read_file_if_there(const std::filesystem::path& path);

}  // namespace torchhub
