#pragma once

#include <filesystem>
#include <vector>

namespace torchhub::testing {

/// The git repositories of a data folder.
std::vector<std::filesystem::path> repositories(const std::filesystem::path& data);

/// Fails the test unless git finds every repository sound, `admin fsck` has nothing to report, and
/// nothing half-way is left.
void expect_clean(const std::filesystem::path& data);

}  // namespace torchhub::testing
