#include "cli/cores.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sched.h>
#include <set>
#include <string>

namespace torchhub::cli {

int physical_cores() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    // The threads of one core name each other; without the file each counts for itself.
    std::string siblings = fmt::format("cpu{}", cpu);
    std::ifstream file(
        fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
    std::getline(file, siblings);
    cores.insert(siblings.empty() ? fmt::format("cpu{}", cpu) : siblings);
  }
  return std::max(1, static_cast<int>(cores.size()));
}

}  // namespace torchhub::cli
