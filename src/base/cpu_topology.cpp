#include "base/cpu_topology.h"

#include "base/cgroup_quota.h"
#include "base/kernel_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <sched.h>
#include <set>
#include <string>
#include <thread>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// The CPUs of the core that `cpu` belongs to, in the kernel's words: "3", "0-1", "0,64".
std::string core_of(const fs::path& root, int cpu) {
  const fs::path folder = root / fmt::format("sys/devices/system/cpu/cpu{}/topology", cpu);
  std::string siblings = kernel_file(folder / "core_cpus_list");
  if (siblings.empty()) siblings = kernel_file(folder / "thread_siblings_list");  // before 5.3
  return siblings;
}

}  // namespace

std::vector<int> allowed_cpus() {
  std::vector<int> cpus;
  constexpr std::size_t kMostCpus = 1U << 16U;
  for (std::size_t count = 1024; count <= kMostCpus; count *= 2) {
    const std::size_t bytes = CPU_ALLOC_SIZE(count);
    std::vector<cpu_set_t> set(bytes / sizeof(cpu_set_t) + 1);
    if (sched_getaffinity(0, bytes, set.data()) != 0) continue;  // the kernel's mask is longer
    for (std::size_t cpu = 0; cpu < count; ++cpu) {
      if (CPU_ISSET_S(cpu, bytes, set.data())) cpus.push_back(static_cast<int>(cpu));
    }
    break;
  }
  if (cpus.empty()) {
    const int count = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    for (int cpu = 0; cpu < count; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

CpuTopology read_cpu_topology(const fs::path& root, const std::vector<int>& allowed,
                              const CpuFeatures& features) {
  CpuTopology topology;
  topology.logical_cores = std::max(1, static_cast<int>(allowed.size()));
  topology.cpu_quota = cgroup_cpu_quota(root);
  std::set<std::string> cores;
  bool all_shown = true;
  bool threads_shown = false;
  for (const int cpu : allowed) {
    std::string core = core_of(root, cpu);
    all_shown = all_shown && !core.empty();
    threads_shown = threads_shown || core.find_first_of(",-") != std::string::npos;
    cores.insert(core.empty() ? fmt::format("{}", cpu) : std::move(core));
  }
  topology.physical_cores = std::max(1, static_cast<int>(cores.size()));
  topology.cores_are_certain =
      !features.x86 || (all_shown && (threads_shown || !features.hypervisor));
  return topology;
}

CpuTopology cpu_topology() { return read_cpu_topology("/", allowed_cpus(), cpu_features()); }

int usable_cores(const CpuTopology& topology) {
  int cores = topology.physical_cores;
  if (!topology.cores_are_certain) cores = std::min(cores, (topology.logical_cores + 1) / 2);
  // Rounded down: a spinning thread uses up the time of the one that has work.
  if (topology.cpu_quota && *topology.cpu_quota < cores) {
    cores = static_cast<int>(*topology.cpu_quota);
  }
  return std::max(1, cores);
}

int usable_cores_each(CpuTopology topology, int sharing, int processes) {
  if (topology.cpu_quota) {
    // The others that share its CPUs divide their part by themselves.
    *topology.cpu_quota *= static_cast<double>(sharing) / processes;
  }
  return std::max(1, usable_cores(topology) / sharing);
}

}  // namespace torchhub
