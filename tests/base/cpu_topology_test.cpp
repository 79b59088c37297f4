#include "base/cpu_topology.h"

#include "base/cgroup_quota.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace torchhub {
namespace {

constexpr CpuFeatures kBareMetal{.x86 = true, .avx2 = true, .hypervisor = false};
constexpr CpuFeatures kVirtual{.x86 = true, .avx2 = true, .hypervisor = true};
constexpr CpuFeatures kArm{};

/// A folder in the place of "/".
class FakeRoot {
 public:
  void file(const std::string& name, const std::string& text) const {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text << '\n';
  }
  void core(int cpu, const std::string& siblings, const char* name = "core_cpus_list") const {
    file(fmt::format("sys/devices/system/cpu/cpu{}/topology/{}", cpu, name), siblings);
  }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  testing::TempDir folder_;
};

TEST(CpuTopology, CountsTwoThreadsOfACoreOnce) {
  const FakeRoot root;
  for (const int cpu : {0, 2}) root.core(cpu, "0,2");
  for (const int cpu : {1, 3}) root.core(cpu, "1,3", "thread_siblings_list");
  const CpuTopology all = read_cpu_topology(root.path(), {0, 1, 2, 3}, kVirtual);
  EXPECT_EQ(all.logical_cores, 4);
  EXPECT_EQ(all.physical_cores, 2);
  EXPECT_TRUE(all.cores_are_certain);
  EXPECT_EQ(usable_cores(all), 2);
}

TEST(CpuTopology, CountsOnlyCpusOfTheAffinityMask) {
  const FakeRoot root;
  for (const int cpu : {0, 1}) root.core(cpu, "0-1");
  for (const int cpu : {2, 3}) root.core(cpu, "2-3");
  EXPECT_EQ(usable_cores(read_cpu_topology(root.path(), {0, 1}, kBareMetal)), 1);
  EXPECT_EQ(usable_cores(read_cpu_topology(root.path(), {1, 2}, kBareMetal)), 2);
}

TEST(CpuTopology, BelievesCoresOfOneThreadOnlyOutsideOfAVirtualMachine) {
  const FakeRoot root;
  for (const int cpu : {0, 1, 2}) root.core(cpu, fmt::format("{}", cpu));
  const CpuTopology metal = read_cpu_topology(root.path(), {0, 1, 2}, kBareMetal);
  EXPECT_TRUE(metal.cores_are_certain);
  EXPECT_EQ(usable_cores(metal), 3);
  const CpuTopology hidden = read_cpu_topology(root.path(), {0, 1, 2}, kVirtual);
  EXPECT_FALSE(hidden.cores_are_certain);
  EXPECT_EQ(hidden.physical_cores, 3);
  EXPECT_EQ(usable_cores(hidden), 2);
}

TEST(CpuTopology, TakesHalfOfTheCpusWhereNothingIsShown) {
  const FakeRoot root;
  const CpuTopology topology = read_cpu_topology(root.path(), {4, 5, 6, 7}, kBareMetal);
  EXPECT_EQ(topology.physical_cores, 4);
  EXPECT_FALSE(topology.cores_are_certain);
  EXPECT_EQ(usable_cores(topology), 2);
  EXPECT_EQ(usable_cores(read_cpu_topology(root.path(), {4, 5, 6, 7}, kArm)), 4);
  EXPECT_EQ(usable_cores(read_cpu_topology(root.path(), {}, kBareMetal)), 1);
}

TEST(CpuTopology, GivesAPlausibleAnswerHere) {
  const CpuTopology here = cpu_topology();
  EXPECT_GE(here.physical_cores, 1);
  EXPECT_LE(here.physical_cores, here.logical_cores);
  EXPECT_GE(usable_cores(here), 1);
  EXPECT_LE(usable_cores(here), here.physical_cores);
}

TEST(CpuTopology, KeepsWithinTheQuotaOfAContainer) {
  CpuTopology topology{.logical_cores = 8, .physical_cores = 8};
  EXPECT_EQ(usable_cores(topology), 8);
  topology.cpu_quota = 2.9;
  EXPECT_EQ(usable_cores(topology), 2);
  topology.cpu_quota = 0.5;
  EXPECT_EQ(usable_cores(topology), 1);
  topology.cpu_quota = 1e12;
  EXPECT_EQ(usable_cores(topology), 8);
}

TEST(UsableCores, AreDividedAmongThoseThatShareThem) {
  CpuTopology topology{.logical_cores = 8, .physical_cores = 8};
  EXPECT_EQ(usable_cores_each(topology, 4, 4), 2);
  EXPECT_EQ(usable_cores_each(topology, 1, 4), 8) << "bound to CPUs of their own";
  EXPECT_EQ(usable_cores_each(topology, 3, 3), 2);
  EXPECT_EQ(usable_cores_each(topology, 16, 16), 1);
  topology.cpu_quota = 8;  // of the four together
  EXPECT_EQ(usable_cores_each(topology, 4, 4), 2);
  EXPECT_EQ(usable_cores_each(topology, 1, 4), 2);
}

TEST(CgroupQuota, IsTheSmallestOnTheWayUpInVersion2) {
  const FakeRoot root;
  root.file("proc/self/cgroup", "0::/work/job");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), std::nullopt);
  root.file("sys/fs/cgroup/work/job/cpu.max", "max 100000");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), std::nullopt);
  root.file("sys/fs/cgroup/work/cpu.max", "150000 100000");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), 1.5);
  root.file("sys/fs/cgroup/work/job/cpu.max", "50000 100000");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), 0.5);
}

TEST(CgroupQuota, IsFoundInVersion1AndWhereTheOutsidePathIsNotMounted) {
  const FakeRoot root;
  root.file("proc/self/cgroup", "9:cpuset:/\n4:cpu,cpuacct:/docker/4be1\n0::/");
  root.file("sys/fs/cgroup/cpuset/cpu.max", "1 100000");  // of a controller that sets no quota
  root.file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1");
  root.file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), std::nullopt);
  root.file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), 3.0);
}

TEST(CgroupQuota, SurvivesTextThatMakesNoSense) {
  const FakeRoot root;
  const std::vector<std::string> groups = {"", "0", "0:", "0::/../../x", "a:b:c:d", ":cpu:"};
  for (const std::string& group : groups) {
    root.file("proc/self/cgroup", group);
    for (const std::string text : {"", "max", "x y", "100000", "100000 0", "-5 100000"}) {
      root.file("sys/fs/cgroup/cpu.max", text);
      root.file("sys/fs/cgroup/cpu/cpu.max", text);
      EXPECT_EQ(cgroup_cpu_quota(root.path()), std::nullopt) << group << " | " << text;
    }
  }
}

}  // namespace
}  // namespace torchhub
