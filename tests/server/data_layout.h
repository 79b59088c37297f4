#pragma once

#include "support/child_process.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace torchhub::testing {

/// The git repositories of a data folder.
std::vector<std::filesystem::path> repositories(const std::filesystem::path& data);
/// Runs git in one of them.
Finished git_in(const std::filesystem::path& repository, std::vector<std::string> arguments);

/// Where a data folder keeps an LFS object.
std::filesystem::path object_path(const std::filesystem::path& data, const std::string& oid);

/// How many files there are in a folder and its folders.
std::size_t files_below(const std::filesystem::path& folder);

}  // namespace torchhub::testing
