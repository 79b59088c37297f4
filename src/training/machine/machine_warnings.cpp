#include "torchhub/training/machine_report.h"
#include "training/machine/blas_facts.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {
namespace {

void warn_of_blas(const MachineReport& m, std::vector<std::string>& found) {
  if (m.blas.name == "reference") {
    found.push_back(fmt::format(
        "LibTorch multiplies matrices with the reference BLAS ({}), many times slower than an "
        "optimized one. Install OpenBLAS (Debian: libopenblas0-pthread); no rebuild is needed.",
        m.blas.path));
  }
  if (m.blas.name != "OpenBLAS" || !m.cpu_has_avx2 || !is_kernel_before_avx2(m.blas.kernel)) return;
  if (m.blas.chooses_kernel) {
    found.push_back(fmt::format(
        "OpenBLAS {} runs its {} kernel, made for CPUs before AVX2, and may be many times slower "
        "than this CPU can be: it does not know the CPU, or OPENBLAS_CORETYPE asks for that. "
        "Install a newer OpenBLAS, or set OPENBLAS_CORETYPE=Haswell if this CPU runs it, and check "
        "the results: nobody tried this OpenBLAS on it.",
        m.blas.version, m.blas.kernel));
  } else {
    found.push_back(fmt::format(
        "OpenBLAS {} was built for {} alone and makes no use of this CPU's AVX2. Install a build "
        "that chooses its kernel at the start (DYNAMIC_ARCH), such as Debian's.",
        m.blas.version, m.blas.kernel));
  }
}

void warn_of_capability(const MachineReport& m, std::vector<std::string>& found) {
  if (!m.cpu_has_avx2) return;
  if (m.cpu_capability != "DEFAULT" && m.cpu_capability != "NO AVX") return;
  found.push_back(fmt::format(
      "LibTorch's own kernels run as {} on a CPU with AVX2: /proc/cpuinfo cannot be read, or "
      "ATEN_CPU_CAPABILITY asks for that. Mount /proc, or unset the variable.",
      m.cpu_capability));
}

/// Is it the time that is granted, and not the cores, that there is too little of?
bool lacks_time(const MachineReport& m) {
  if (!m.cpu_quota) return false;
  const double granted = *m.cpu_quota * m.processes.on_cpus / m.processes.on_host;
  const int threads = std::max(m.threads, m.blas.own_threads) * m.processes.on_cpus;
  return granted < std::min(threads, m.physical_cores);
}

std::string what_there_is(const MachineReport& m) {
  const ProcessesHere& here = m.processes;
  const std::string each =
      here.on_cpus > 1 ? fmt::format("in each of {} processes ", here.on_cpus) : "";
  if (lacks_time(m)) {
    const bool divided = here.on_host > here.on_cpus;
    return fmt::format("{}in a control group that grants the time of {:.3g} CPU(s){}", each,
                       *m.cpu_quota, divided ? fmt::format(" to {} processes", here.on_host) : "");
  }
  if (!m.cores_are_certain) {
    return fmt::format("{}on {} virtual CPU(s), any two of which may be one core", each,
                       m.logical_cores);
  }
  return fmt::format("{}on {} physical core(s)", each, m.physical_cores);
}

void warn_of_threads(const MachineReport& m, std::vector<std::string>& found) {
  constexpr const char* kWhy =
      "threads that wait spin on the core that another needs, and a step can take many times as "
      "long";
  if (m.threads > m.usable_cores) {
    found.push_back(fmt::format(
        "LibTorch computes with {} threads {}: {}. Set OMP_NUM_THREADS={}; if all must be used, "
        "set OMP_WAIT_POLICY=PASSIVE and measure.",
        m.threads, what_there_is(m), kWhy, m.usable_cores));
  } else if (m.blas.own_threads > m.usable_cores) {
    found.push_back(
        fmt::format("{} computes with {} threads of its own {}: {}. Set OPENBLAS_NUM_THREADS={}.",
                    m.blas.name, m.blas.own_threads, what_there_is(m), kWhy, m.usable_cores));
  }
}

}  // namespace

std::vector<std::string> MachineReport::warnings() const {
  std::vector<std::string> found;
  warn_of_blas(*this, found);
  warn_of_capability(*this, found);
  warn_of_threads(*this, found);
  return found;
}

}  // namespace torchhub
