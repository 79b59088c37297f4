#pragma once

#include "base/cpu_features.h"

#include <filesystem>
#include <optional>
#include <vector>

namespace torchhub {

/// The processors that this process may run on.
struct CpuTopology {
  int logical_cores = 1;   ///< CPUs in the affinity mask.
  int shared_cpus = 1;     ///< CPUs of all processes here: of the control group, else the machine.
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

/// Of the calling thread and its machine.
CpuTopology cpu_topology();

/// How many threads may compute without getting in each other's way: one for each core, half the
/// CPUs (rounded up) where the cores are not certain, and no more than whole CPUs in the quota. At
/// least 1.
int usable_cores(const CpuTopology& topology);

/// The same for each of several processes that compute here at once: the cores are divided among
/// them, unless whoever started them has bound each to CPUs of its own. So it seems where this
/// process may use no more than its share of shared_cpus. A quota is divided in any case.
int usable_cores_each(CpuTopology topology, int processes);

}  // namespace torchhub
