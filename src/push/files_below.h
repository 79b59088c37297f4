#pragma once

#include "torchhub/base/glob.h"

#include <filesystem>
#include <string>
#include <vector>

namespace torchhub {

/// Files below `folder` that `filter` takes, by path relative to it. Links and folders named `.git`
/// are left out, and so is what goes away meanwhile. @throws FileError
std::vector<std::string> files_below(const std::filesystem::path& folder, const PathFilter& filter);

}  // namespace torchhub
