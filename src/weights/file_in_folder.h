#pragma once

#include <filesystem>
#include <optional>

namespace torchhub {

/// The file of a folder that holds weights or names their shards: the first of
/// WeightFiles::names_in_folder() that is there and may be looked at.
std::optional<std::filesystem::path> weight_file_in(const std::filesystem::path& folder);

}  // namespace torchhub
