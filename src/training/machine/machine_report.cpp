#include "torchhub/training/machine_report.h"

#include "base/cpu_topology.h"
#include "training/machine/blas_facts.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <fmt/format.h>

#include <string_view>

namespace torchhub {
namespace {

std::string plural(int count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string cores(const MachineReport& m) {
  std::string text = m.cores_are_certain ? plural(m.physical_cores, "core") +
                                               fmt::format(" ({})", plural(m.logical_cores, "CPU"))
                                         : plural(m.logical_cores, "virtual CPU");
  if (m.cpu_quota) text += fmt::format(" limited to the time of {:.3g}", *m.cpu_quota);
  return text;
}

std::string blas_text(const BlasLibrary& blas) {
  std::string text = blas.name;
  if (blas.name == "reference" || blas.name == "unknown") text += " BLAS";
  if (!blas.version.empty()) text += ' ' + blas.version;
  std::string details;
  if (!blas.kernel.empty()) details = blas.kernel + " kernel";
  if (blas.own_threads > 0) {
    details += fmt::format("{}{}", details.empty() ? "" : ", ", plural(blas.own_threads, "thread"));
  }
  return details.empty() ? text : fmt::format("{} ({})", text, details);
}

/// at::get_cpu_capability() came with LibTorch 2; this text has it in 1.13 as well.
std::string capability(const std::string& libtorch_config) {
  constexpr std::string_view kTitle = "CPU capability usage: ";
  const auto found = libtorch_config.find(kTitle);
  if (found == std::string::npos) return {};
  const auto from = found + kTitle.size();
  return libtorch_config.substr(from, libtorch_config.find('\n', from) - from);
}

}  // namespace

std::string MachineReport::line() const {
  std::string text =
      fmt::format("LibTorch {} on {}: {}", libtorch_version, device, plural(threads, "thread"));
  if (processes.on_cpus > 1) text += fmt::format(" in each of {} processes", processes.on_cpus);
  text += " on " + cores(*this);
  if (!cpu_capability.empty()) text += ", " + cpu_capability;
  return text + ", " + blas_text(blas);
}

std::vector<std::pair<std::string, std::string>> MachineReport::versions() const {
  std::vector<std::pair<std::string, std::string>> all = {{"LibTorch", libtorch_version}};
  if (!blas.version.empty()) {
    all.emplace_back(blas.name == "reference" ? "Reference BLAS" : blas.name, blas.version);
  }
  return all;
}

MachineReport describe_machine(const std::string& device, const ProcessesHere& here) {
  const CpuTopology topology = cpu_topology();
  const BlasFacts blas = loaded_blas();
  MachineReport report;
  report.libtorch_version = TORCH_VERSION;
  report.device = device;
  report.threads = at::get_num_threads();
  report.processes = here;
  report.usable_cores = usable_cores_each(topology, here.on_cpus, here.on_host);
  report.physical_cores = topology.physical_cores;
  report.logical_cores = topology.logical_cores;
  report.cores_are_certain = topology.cores_are_certain;
  report.cpu_quota = topology.cpu_quota;
  report.cpu_capability = capability(blas.libtorch_config);
  report.cpu_has_avx2 = cpu_features().avx2;
  report.blas = identify_blas(blas);
  return report;
}

}  // namespace torchhub
