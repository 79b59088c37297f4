#include "torchhub/callbacks/progress.h"

#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <pty.h>
#include <unistd.h>

namespace torchhub {
namespace {

using testing::TempDir;

/// A run of ten updates that is as far as the test says.
struct Run {
  TrainerEvent at(std::int64_t step) {
    state.global_step = step;
    return {args, plan, state, control, model};
  }

  TrainingArguments args = {};
  TrainingPlan plan = {.max_steps = 10};
  TrainerState state = {};
  TrainerControl control = {};
  torch::nn::Module model = {};
};

/// What the callback writes during a run with one log, at update 5.
void follow(ProgressCallback& progress) {
  Run run;
  progress.on_train_begin(run.at(0));
  for (std::int64_t step = 1; step <= 10; ++step) {
    progress.on_step_end(run.at(step));
    if (step == 5) progress.on_log(run.at(step), {{"loss", 0.25}, {"epoch", 0.5}});
  }
  progress.on_train_end(run.at(10));
}

TEST(ProgressCallback, WritesOnePlainLineALogWhereThereIsNoTerminal) {
  const TempDir folder;
  std::FILE* out = std::fopen((folder / "log").c_str(), "w");
  ASSERT_NE(out, nullptr);
  ProgressCallback progress(out);
  follow(progress);
  std::fclose(out);
  const std::string text = read_file(folder / "log");
  EXPECT_TRUE(text.starts_with("step 5/10: ")) << text;
  EXPECT_NE(text.find("0.25"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
}

TEST(ProgressCallback, DrawsABarOnATerminalAndTakesItAway) {
  int ours = -1;
  int theirs = -1;
  ASSERT_EQ(::openpty(&ours, &theirs, nullptr, nullptr, nullptr), 0);
  std::FILE* out = ::fdopen(theirs, "w");
  ProgressCallback progress(out);
  follow(progress);
  std::array<char, 8192> buffer = {};
  const ssize_t count = ::read(ours, buffer.data(), buffer.size());
  std::fclose(out);
  ::close(ours);
  ASSERT_GT(count, 0);
  const std::string text(buffer.data(), static_cast<std::size_t>(count));
  EXPECT_NE(text.find("100%|"), std::string::npos) << text;
  EXPECT_NE(text.find(" 10/10 ["), std::string::npos) << text;
  EXPECT_NE(text.find("step 5/10: "), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\r\x1b[K")) << text;
}

TEST(ProgressCallback, DoesNotEndARunWhoseStreamTakesNothing) {
  std::FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  ProgressCallback progress(full);
  EXPECT_NO_THROW(follow(progress));
  std::fclose(full);
}

}  // namespace
}  // namespace torchhub
