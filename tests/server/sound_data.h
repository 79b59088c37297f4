#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace torchhub::testing {

/// Fails the test unless `git fsck` finds every repository of a data folder sound.
void expect_sound_repositories(const std::filesystem::path& data,
                               const std::vector<std::string>& more_arguments = {});

/// Fails the test for every problem that `admin fsck` finds.
void expect_no_problems(const std::filesystem::path& data);

/// Fails the test unless git finds every repository sound, `admin fsck` has nothing to report, and
/// nothing half-way is left.
void expect_clean(const std::filesystem::path& data);

}  // namespace torchhub::testing
