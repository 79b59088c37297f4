#pragma once

#include "base/cpu_features.h"

#include <filesystem>
#include <optional>
#include <vector>

namespace torchhub {

/// The processors that this process may run on.
struct CpuTopology {
  int logical_cores = 1;   ///< CPUs in the affinity mask.
  int physical_cores = 1;  ///< Cores they belong to, as far as the kernel shows.
  /// False where two CPUs may be one core all the same: in a virtual machine whose cores all seem
  /// to have one thread, and on x86-64 where the kernel shows no cores.
  bool cores_are_certain = true;
  std::optional<double> cpu_quota = std::nullopt;  ///< CPUs' worth of time; see cgroup_quota.h.
};

/// @param root "/", or a folder that holds proc/ and sys/ in its place
/// @param allowed numbers of the CPUs in the affinity mask
CpuTopology read_cpu_topology(const std::filesystem::path& root, const std::vector<int>& allowed,
                              const CpuFeatures& features);

/// The CPUs in the affinity mask of the calling thread, in order; all if the kernel does not say.
std::vector<int> allowed_cpus();

/// Of the calling thread and its machine.
CpuTopology cpu_topology();

/// How many threads may compute without getting in each other's way: one for each core, half the
/// CPUs (rounded up) where the cores are not certain, and no more than whole CPUs in the quota. At
/// least 1.
int usable_cores(const CpuTopology& topology);

/// The same for each of several processes that compute at once. @param sharing how many of them,
/// this one included, may run on its CPUs, among which the cores are divided
/// @param processes all of them, among which a quota is
int usable_cores_each(CpuTopology topology, int sharing, int processes);

}  // namespace torchhub
