#pragma once

#include <filesystem>
#include <optional>

namespace torchhub {

/// How many CPUs' worth of time the control groups of this process grant it, 1.5 say; nothing if
/// they set no limit or cannot be read. Knows versions 1 and 2 (Linux cgroup-v1 and cgroup-v2).
/// @param root "/", or a folder that holds proc/ and sys/ in its place
std::optional<double> cgroup_cpu_quota(const std::filesystem::path& root);

}  // namespace torchhub
