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

/// Calls `visit` with the mount and each group down to the one at `path`. In a container `path` may
/// be the one outside, which is not mounted: then the mount itself is the container's group.
template <typename Visit>
void walk_down(const fs::path& mount, std::string_view path, const Visit& visit) {
  fs::path group = mount;
  visit(group);
  for (const fs::path& name : fs::path(path).relative_path()) {
    if (name == "..") break;  // the process lies outside of what this namespace shows
    group /= name;
    visit(group);
  }
}

bool names(const std::string& controllers, std::string_view controller) {
  std::istringstream list(controllers);
  for (std::string name; std::getline(list, name, ',');) {
    if (name == controller) return true;
  }
  return false;
}

/// Calls `visit` with every folder that may be a group of this process under that controller.
template <typename Visit>
void visit_groups(const fs::path& root, const std::string& controller, const Visit& visit) {
  const fs::path mounts = root / "sys/fs/cgroup";
  std::istringstream groups(kernel_file(root / "proc/self/cgroup"));
  for (std::string line; std::getline(groups, line);) {  // 4:cpu,cpuacct:/a/b of v1, 0::/a/b of v2
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      walk_down(mounts, path, visit);
      walk_down(mounts / "unified", path, visit);
    } else if (names(controllers, controller)) {
      walk_down(mounts / controllers, path, visit);
      walk_down(mounts / controller, path, visit);
    }
  }
}

}  // namespace

std::optional<double> cgroup_cpu_quota(const fs::path& root) {
  std::optional<double> smallest;
  visit_groups(root, "cpu", [&](const fs::path& group) {
    if (const auto found = quota_of(group)) smallest = std::min(smallest.value_or(*found), *found);
  });
  return smallest;
}

std::optional<int> cgroup_cpu_count(const fs::path& root) {
  std::optional<int> smallest;
  visit_groups(root, "cpuset", [&](const fs::path& group) {
    for (const char* file : {"cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"}) {
      const int found = cpus_in(kernel_file(group / file));
      if (found > 0) smallest = std::min(smallest.value_or(found), found);
    }
  });
  return smallest;
}

}  // namespace torchhub
