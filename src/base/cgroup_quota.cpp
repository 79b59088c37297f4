#include "base/cgroup_quota.h"

#include "base/kernel_file.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// `quota` and `period` in microseconds. "max" and -1 stand for no limit.
std::optional<double> cpus(const std::string& quota, const std::string& period) {
  double time = 0;
  double each = 0;
  if (!(std::istringstream(quota) >> time) || !(std::istringstream(period) >> each)) return {};
  if (time <= 0 || each <= 0) return {};
  return time / each;
}

std::optional<double> quota_of(const fs::path& group) {
  std::istringstream v2(kernel_file(group / "cpu.max"));
  std::string quota;
  std::string period;
  if (v2 >> quota >> period) return cpus(quota, period);
  return cpus(kernel_file(group / "cpu.cfs_quota_us"), kernel_file(group / "cpu.cfs_period_us"));
}

/// The smallest quota of the group at `path` and of those it lies in. In a container `path` may be
/// the one outside, which is not mounted: then the mount itself is the container's group.
std::optional<double> smallest_quota(const fs::path& mount, std::string_view path) {
  std::optional<double> smallest;
  fs::path group = mount;
  const auto take = [&] {
    if (const auto found = quota_of(group)) smallest = std::min(smallest.value_or(*found), *found);
  };
  take();
  for (const fs::path& name : fs::path(path).relative_path()) {
    if (name == "..") break;  // the process lies outside of what this namespace shows
    group /= name;
    take();
  }
  return smallest;
}

bool names_cpu(const std::string& controllers) {
  std::istringstream list(controllers);
  for (std::string name; std::getline(list, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

}  // namespace

std::optional<double> cgroup_cpu_quota(const fs::path& root) {
  const fs::path mounts = root / "sys/fs/cgroup";
  std::optional<double> smallest;
  const auto take = [&](const fs::path& mount, const std::string& path) {
    const auto found = smallest_quota(mount, path);
    if (found) smallest = std::min(smallest.value_or(*found), *found);
  };
  std::istringstream groups(kernel_file(root / "proc/self/cgroup"));
  for (std::string line; std::getline(groups, line);) {  // 4:cpu,cpuacct:/a/b of v1, 0::/a/b of v2
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      take(mounts, path);
      take(mounts / "unified", path);
    } else if (names_cpu(controllers)) {
      take(mounts / controllers, path);
      take(mounts / "cpu", path);
    }
  }
  return smallest;
}

}  // namespace torchhub
