#pragma once

#include <filesystem>
#include <string>

namespace torchhub {

/// What a run in this folder is called where nobody gave it a name: "out/run/" -> "run", "." -> the
/// name of the working folder.
std::string folder_name(const std::filesystem::path& folder);

}  // namespace torchhub
