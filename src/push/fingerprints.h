#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace torchhub {

/// Of each complete checkpoint below `output_dir`, by step: what tells it from another run's of the
/// same step, wherever the folder is copied to. It is made of the sizes, beginnings and ends of the
/// files that hold what was trained, so it costs little. @throws FileError
std::map<std::int64_t, std::string> fingerprints_in(const std::filesystem::path& output_dir);

/// @throws FileError
std::string fingerprint_of(const std::filesystem::path& checkpoint);

}  // namespace torchhub
