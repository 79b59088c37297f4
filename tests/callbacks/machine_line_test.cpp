#include "torchhub/callbacks/machine_line.h"

#include "callbacks/run_event.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/training/machine_report.h"
#include "torchhub/training/threads.h"

#include <ATen/Parallel.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

namespace torchhub {
namespace {

using testing::TempDir;
using testing::TestRun;

/// What the callback writes as a run begins.
std::string written(TestRun run) {
  const TempDir folder;
  std::FILE* const out = std::fopen((folder / "out").c_str(), "w");
  MachineLineCallback(out).on_train_begin(run.at(0));
  std::fclose(out);
  return read_file(folder / "out");
}

TEST(MachineLine, SaysWhereTheRunComputesAndWarnsOfWhatIsSlow) {
  std::vector<std::string> lines;
  log::set_sink([&](log::Level, std::string_view line) { lines.emplace_back(line); });
  const int threads = at::get_num_threads();
  at::set_num_threads(default_thread_count() + 3);  // more than there are cores
  const std::string text = written({});
  log::set_sink({});
  const MachineReport report = describe_machine("cpu");
  at::set_num_threads(threads);
  ASSERT_FALSE(report.warnings().empty());
  EXPECT_EQ(text, report.line() + "\n");
  EXPECT_EQ(static_cast<std::size_t>(std::count_if(
                lines.begin(), lines.end(),
                [](const std::string& line) { return line.find("slow_machine") != line.npos; })),
            report.warnings().size());
}

TEST(MachineLine, CountsTheProcessesThatComputeBesideIt) {
  const TempDir folder;
  std::FILE* const out = std::fopen((folder / "out").c_str(), "w");
  TestRun run;
  MachineLineCallback(out, {.on_cpus = 3, .on_host = 3}).on_train_begin(run.at(0));
  std::fclose(out);
  EXPECT_NE(read_file(folder / "out").find(" in each of 3 processes on "), std::string::npos);
}

TEST(MachineLine, IsSaidByTheFirstProcessOnly) {
  TestRun run;
  run.state.is_world_process_zero = false;
  EXPECT_EQ(written(run), "");
}

}  // namespace
}  // namespace torchhub
