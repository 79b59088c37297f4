#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace torchhub {

/// The library that multiplies matrices for LibTorch in this process.
struct BlasLibrary {
  std::string name = "unknown";  ///< OpenBLAS, MKL, BLIS, ATLAS, Accelerate, reference or unknown.
  std::string version = {};
  std::string kernel = {};  ///< The processor it runs code for: "Zen", "Haswell", "Prescott", ...
  std::string path = {};    ///< Of the shared library, links resolved.
  /// Threads of its own, which at::set_num_threads() does not reach; 0: none, or not known.
  int own_threads = 0;
  bool chooses_kernel = false;  ///< At its start; else it was built for one.
};

/// The processes of a run that compute beside this one, which counts too.
struct ProcessesHere {
  int on_cpus = 1;  ///< That may run on any of its CPUs.
  int on_host = 1;  ///< All of its machine, bound to CPUs of their own or not.
};

/// Where a run computes. Plain facts: line() and warnings() read nothing but these.
struct MachineReport {
  std::string libtorch_version = {};
  std::string device = "cpu";
  int threads = 1;                ///< at::get_num_threads().
  ProcessesHere processes = {};   ///< With as many threads each.
  int usable_cores = 1;           ///< Threads that one process should have at most.
  int physical_cores = 1;         ///< As the kernel shows them, of those that the process may use.
  int logical_cores = 1;          ///< CPUs that the process may use.
  bool cores_are_certain = true;  ///< False: two CPUs may be one core though the kernel shows two.
  std::optional<double> cpu_quota = std::nullopt;  ///< CPUs' worth of time; unset: no limit.
  std::string cpu_capability = {};  ///< Of LibTorch's own kernels: "AVX512", "AVX2", "DEFAULT", ...
  bool cpu_has_avx2 = false;        ///< With FMA.
  BlasLibrary blas = {};

  /// One line for people:
  /// `LibTorch 2.14.1 on cpu: 4 threads on 4 cores (8 CPUs), AVX2, OpenBLAS 0.3.34 (Zen kernel)`,
  /// or `2 threads in each of 2 processes on 4 cores`.
  std::string line() const;
  /// What slows the run down, each with its remedy. Empty if all is well.
  std::vector<std::string> warnings() const;
  /// For a model card: {"LibTorch", "2.14.1"}, {"OpenBLAS", "0.3.34"}; nothing of the machine.
  std::vector<std::pair<std::string, std::string>> versions() const;
};

/// Looks at this process now, so call it when the thread count is settled. Takes milliseconds.
/// @param device LibTorch's name of the one to train on: "cpu", "cuda:0"
MachineReport describe_machine(const std::string& device = "cpu", const ProcessesHere& here = {});

}  // namespace torchhub
