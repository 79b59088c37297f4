#include "torchhub/training/machine_report.h"

#include <torch/version.h>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace torchhub {
namespace {

/// A machine with nothing to complain of.
MachineReport good() {
  MachineReport report;
  report.libtorch_version = "2.14.1";
  report.threads = 4;
  report.usable_cores = 4;
  report.physical_cores = 4;
  report.logical_cores = 8;
  report.cpu_capability = "AVX2";
  report.cpu_has_avx2 = true;
  report.blas = {.name = "OpenBLAS",
                 .version = "0.3.34",
                 .kernel = "Zen",
                 .path = "/usr/lib/openblas-pthread/libblas.so.3",
                 .own_threads = 4,
                 .chooses_kernel = true};
  return report;
}

using Warnings = std::vector<std::string>;

TEST(MachineReport, SaysWhereARunComputesInOneLine) {
  EXPECT_EQ(good().line(),
            "LibTorch 2.14.1 on cpu: 4 threads on 4 cores (8 CPUs), AVX2, OpenBLAS 0.3.34 (Zen "
            "kernel, 4 threads)");
  MachineReport small = good();
  small.device = "cuda:0";
  small.threads = 1;
  small.logical_cores = 2;
  small.cores_are_certain = false;
  small.cpu_quota = 1.5;
  small.blas = {.name = "reference", .version = "3.11.0"};
  EXPECT_EQ(small.line(),
            "LibTorch 2.14.1 on cuda:0: 1 thread on 2 virtual CPUs limited to the time of 1.5, "
            "AVX2, reference BLAS 3.11.0");
  small.blas = {};
  small.cpu_capability = "";
  EXPECT_TRUE(small.line().ends_with("limited to the time of 1.5, unknown BLAS")) << small.line();
}

TEST(MachineReport, GivesACardVersionsAlone) {
  using Versions = std::vector<std::pair<std::string, std::string>>;
  MachineReport report = good();
  EXPECT_EQ(report.versions(), (Versions{{"LibTorch", "2.14.1"}, {"OpenBLAS", "0.3.34"}}));
  report.blas = {.name = "reference", .version = "3.11.0"};
  EXPECT_EQ(report.versions(), (Versions{{"LibTorch", "2.14.1"}, {"Reference BLAS", "3.11.0"}}));
  report.blas = {};
  EXPECT_EQ(report.versions(), (Versions{{"LibTorch", "2.14.1"}}));
}

TEST(MachineWarnings, AreNoneWhereAllIsWell) {
  EXPECT_EQ(good().warnings(), Warnings{});
  MachineReport report = good();
  report.blas.kernel = "Sandybridge";
  report.cpu_has_avx2 = false;
  report.cpu_capability = "DEFAULT";
  EXPECT_EQ(report.warnings(), Warnings{});  // the CPU has no better
}

TEST(MachineWarnings, NameTheReferenceBlas) {
  MachineReport report = good();
  report.blas = {.name = "reference", .path = "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0"};
  EXPECT_EQ(report.warnings(),
            Warnings{"LibTorch multiplies matrices with the reference BLAS "
                     "(/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0), many times slower than "
                     "an optimized one. Install OpenBLAS (Debian: libopenblas0-pthread); no "
                     "rebuild is needed."});
}

TEST(MachineWarnings, NameAKernelOlderThanTheCpu) {
  MachineReport report = good();
  report.blas.kernel = "Prescott";
  EXPECT_EQ(report.warnings(),
            Warnings{"OpenBLAS 0.3.34 runs its Prescott kernel, made for CPUs before AVX2, and may "
                     "be many times slower than this CPU can be: it does not know the CPU, or "
                     "OPENBLAS_CORETYPE asks for that. Install a newer OpenBLAS, or set "
                     "OPENBLAS_CORETYPE=Haswell if this CPU runs it, and check the results: nobody "
                     "tried this OpenBLAS on it."});
  report.blas.chooses_kernel = false;
  EXPECT_EQ(report.warnings(),
            Warnings{"OpenBLAS 0.3.34 was built for Prescott alone and makes no use of this CPU's "
                     "AVX2. Install a build that chooses its kernel at the start (DYNAMIC_ARCH), "
                     "such as Debian's."});
}

TEST(MachineWarnings, NameKernelsOfLibTorchWithoutAvx2) {
  MachineReport report = good();
  report.cpu_capability = "DEFAULT";
  EXPECT_EQ(report.warnings(),
            Warnings{"LibTorch's own kernels run as DEFAULT on a CPU with AVX2: /proc/cpuinfo "
                     "cannot be read, or ATEN_CPU_CAPABILITY asks for that. Mount /proc, or unset "
                     "the variable."});
}

TEST(MachineWarnings, NameThreadsThatShareACore) {
  MachineReport report = good();
  report.threads = 2;
  report.blas.own_threads = 2;
  report.usable_cores = report.physical_cores = 1;
  report.logical_cores = 2;
  EXPECT_EQ(report.warnings(),
            Warnings{"LibTorch computes with 2 threads on 1 physical core(s): threads that wait "
                     "spin on the core that another needs, and a step can take many times as long. "
                     "Set OMP_NUM_THREADS=1; if all must be used, set OMP_WAIT_POLICY=PASSIVE and "
                     "measure."});
  report.threads = 1;
  EXPECT_EQ(report.warnings(),
            Warnings{"OpenBLAS computes with 2 threads of its own on 1 physical core(s): threads "
                     "that wait spin on the core that another needs, and a step can take many "
                     "times as long. Set OPENBLAS_NUM_THREADS=1."});
}

TEST(MachineWarnings, CountTheThreadsOfEveryProcess) {
  MachineReport report = good();
  report.processes = {.on_cpus = 4, .on_host = 4};
  report.usable_cores = 1;
  report.blas.own_threads = 0;
  EXPECT_TRUE(
      report.line().starts_with("LibTorch 2.14.1 on cpu: 4 threads in each of 4 processes "
                                "on 4 cores (8 CPUs), "))
      << report.line();
  EXPECT_EQ(report.warnings(),
            Warnings{"LibTorch computes with 4 threads in each of 4 processes on 4 physical "
                     "core(s): threads that wait spin on the core that another needs, and a step "
                     "can take many times as long. Set OMP_NUM_THREADS=1; if all must be used, set "
                     "OMP_WAIT_POLICY=PASSIVE and measure."});
  report.threads = 1;
  EXPECT_EQ(report.warnings(), Warnings{});
}

TEST(MachineWarnings, CountTheTimeThatIsGrantedToEveryProcess) {
  MachineReport report = good();
  report.cpu_quota = 6;
  report.threads = 2;
  report.usable_cores = 1;
  report.physical_cores = report.logical_cores = 8;
  report.blas.own_threads = 0;
  report.processes = {.on_cpus = 4, .on_host = 4};
  ASSERT_EQ(report.warnings().size(), 1U);
  EXPECT_NE(report.warnings()[0].find("2 threads in each of 4 processes in a control group that "
                                      "grants the time of 6 CPU(s): "),
            std::string::npos)
      << report.warnings()[0];
  report.cpu_quota = 4;  // two that are bound to four of the eight cores each
  report.threads = report.physical_cores = 4;
  report.usable_cores = 2;
  report.processes = {.on_cpus = 1, .on_host = 2};
  EXPECT_NE(report.warnings()[0].find(
                "4 threads in a control group that grants the time of 4 CPU(s) to 2 processes: "),
            std::string::npos)
      << report.warnings()[0];
  report.cpu_quota = 64;
  EXPECT_NE(report.warnings()[0].find("4 threads on 4 physical core(s): "), std::string::npos)
      << report.warnings()[0];
}

TEST(MachineReport, KnowsTheProcessesBesideThisOne) {
  const MachineReport alone = describe_machine();
  const MachineReport one_of_many = describe_machine("cpu", {.on_cpus = 1000, .on_host = 1000});
  EXPECT_EQ(alone.processes.on_cpus, 1);
  EXPECT_EQ(one_of_many.processes.on_cpus, 1000);
  EXPECT_EQ(one_of_many.usable_cores, 1);
  EXPECT_EQ(one_of_many.physical_cores, alone.physical_cores);
}

TEST(MachineWarnings, SayWhyThereAreFewerCores) {
  MachineReport report = good();
  report.threads = 2;
  report.usable_cores = 1;
  report.physical_cores = report.logical_cores = 2;
  report.cores_are_certain = false;
  ASSERT_EQ(report.warnings().size(), 1U);
  EXPECT_NE(report.warnings()[0].find("2 threads on 2 virtual CPU(s), any two of which may be one"),
            std::string::npos)
      << report.warnings()[0];
  report.cpu_quota = 1.5;
  EXPECT_NE(report.warnings()[0].find("2 threads in a control group that grants the time of 1.5"),
            std::string::npos)
      << report.warnings()[0];
  report.cpu_quota = 64;
  EXPECT_NE(report.warnings()[0].find("virtual CPU"), std::string::npos);
}

TEST(MachineReport, IsPlausibleForThisMachine) {
  const MachineReport here = describe_machine();
  EXPECT_EQ(here.libtorch_version, TORCH_VERSION);
  EXPECT_EQ(here.device, "cpu");
  EXPECT_GE(here.threads, 1);
  EXPECT_GE(here.physical_cores, 1);
  EXPECT_LE(here.physical_cores, here.logical_cores);
  EXPECT_LE(here.usable_cores, here.physical_cores);
  EXPECT_FALSE(here.cpu_capability.empty());
  EXPECT_EQ(here.line().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace torchhub
