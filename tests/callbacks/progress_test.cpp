#include "torchhub/callbacks/progress.h"

#include "callbacks/progress_bar.h"
#include "callbacks/run_event.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/callbacks/printer.h"
#include "torchhub/data/loader.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <limits>
#include <pty.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <unistd.h>

namespace torchhub {
namespace {

using testing::FakeClock;
using testing::TempDir;
using testing::TestRun;

/// What the callback writes during a run with one log, at update 5.
void follow(ProgressCallback& progress) {
  TestRun run;
  progress.on_train_begin(run.at(0));
  for (std::int64_t step = 1; step <= 10; ++step) {
    progress.on_step_end(run.at(step));
    if (step == 5) progress.on_log(run.at(step), {{"loss", 0.25}, {"epoch", 0.5}});
  }
  progress.on_train_end(run.at(10));
}

/// What the callback writes to a file during `run`.
std::string written(const std::function<void(ProgressCallback&)>& run) {
  const TempDir folder;
  std::FILE* out = std::fopen((folder / "log").c_str(), "w");
  if (out == nullptr) return "no file";
  ProgressCallback progress(out);
  run(progress);
  std::fclose(out);
  return read_file(folder / "log");
}

TEST(ProgressCallback, WritesOnePlainLineALogWhereThereIsNoTerminal) {
  const std::string text = written(follow);
  EXPECT_TRUE(text.starts_with("step 5/10: ")) << text;
  EXPECT_NE(text.find("0.25"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
}

TEST(ProgressCallback, WritesValuesShortEnoughToRead) {
  TestRun run;
  const LogRow row = {{"loss", 0.123456},
                      {"learning_rate", 2e-05},
                      {"big", 123456789.0},
                      {"total_flos", 1e15},
                      {"tokens", std::int64_t{1234567}},
                      {"ok", true},
                      {"none", nullptr},
                      {"fits", std::string(100, 'a')},
                      {"long", std::string(101, 'b')},
                      {"list", JsonText{"[" + std::string(100, '1') + "]"}}};
  EXPECT_EQ(written([&](ProgressCallback& progress) { progress.on_log(run.at(5), row); }),
            "step 5/10: loss: 0.1235, learning_rate: 2e-05, big: 1.235e+08, tokens: 1234567, "
            "ok: true, none: null, fits: " +
                std::string(100, 'a') + ", long: (too long to show), list: (too long to show)\n");
}

/// A terminal that keeps what is written to it.
class Terminal {
 public:
  explicit Terminal(unsigned short columns = 0) {
    winsize size{};
    size.ws_col = columns;
    if (::openpty(&ours_, &theirs_, nullptr, nullptr, &size) == 0) out_ = ::fdopen(theirs_, "w");
  }
  ~Terminal() {
    if (out_ != nullptr) std::fclose(out_);
    ::close(ours_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  std::FILE* out() const { return out_; }
  /// What came since the last call. The kernel hands it over in parts, so an end is marked.
  std::string text() const {
    constexpr char kEnd = '\x05';
    std::string all;
    if (::write(theirs_, &kEnd, 1) != 1) return all;
    for (char byte = 0; ::read(ours_, &byte, 1) == 1 && byte != kEnd;) all += byte;
    return all;
  }

 private:
  int ours_ = -1;
  int theirs_ = -1;
  std::FILE* out_ = nullptr;
};

TEST(ProgressCallback, DrawsABarOnATerminalAndTakesItAway) {
  const Terminal terminal;
  ASSERT_NE(terminal.out(), nullptr);
  ProgressCallback progress(terminal.out());
  follow(progress);
  const std::string text = terminal.text();
  EXPECT_NE(text.find("100%|"), std::string::npos) << text;
  EXPECT_NE(text.find(" 10/10 ["), std::string::npos) << text;
  EXPECT_NE(text.find("step 5/10: "), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\r\x1b[K")) << text;
}

TEST(ProgressCallback, CountsUpdatesAndSamplesFromWhereARunBegan) {
  const Terminal terminal(100);
  const auto clock = std::make_shared<FakeClock>();
  ProgressCallback progress(terminal.out(), clock);
  TestRun run;
  progress.on_train_begin(run.at(2));
  clock->advance(std::chrono::seconds(4));
  progress.on_step_end(run.at(4));
  EXPECT_EQ(terminal.text(),
            "\r 40%|############                  | 4/10 [00:04<00:12, 0.50 steps/s, 2.0 "
            "samples/s]\x1b[K");
}

TEST(ProgressCallback, CountsAnEvaluationBelowTheBar) {
  const Terminal terminal(60);
  const auto clock = std::make_shared<FakeClock>();
  ProgressCallback progress(terminal.out(), clock);
  TestRun run;
  const std::string bar = "\r100%|##| 10/10 [00:01<00:00, 10.00 steps/s, 40.0 samples/s]\x1b[K";
  progress.on_train_begin(run.at(0));
  clock->advance(std::chrono::seconds(1));
  progress.on_step_end(run.at(10));
  EXPECT_EQ(terminal.text(), bar);
  progress.on_prediction_step(run.at(10));
  EXPECT_EQ(terminal.text(), "\r\nevaluation: 1 batches [00:00, 0.00 batches/s]\x1b[K");
  progress.on_prediction_step(run.at(10));  // too soon to draw it
  clock->advance(std::chrono::milliseconds(500));
  progress.on_prediction_step(run.at(10));
  EXPECT_EQ(terminal.text(), "\revaluation: 3 batches [00:00, 6.00 batches/s]\x1b[K");
  clock->advance(std::chrono::milliseconds(-500));
  progress.on_log(run.at(10), {{"eval_loss", 0.5}});
  EXPECT_EQ(terminal.text(), "\r\x1b[K\x1b[A\r\x1b[Kstep 10/10: eval_loss: 0.5\r\n" + bar);
  progress.on_evaluate(run.at(10), {});
  EXPECT_EQ(terminal.text(), "\r\x1b[K" + bar);
  progress.on_train_end(run.at(10));
  EXPECT_EQ(terminal.text(), "\r\x1b[K");
}

TEST(ProgressCallback, CountsAnewAfterAnEvaluationThatFailed) {
  const Terminal terminal(60);
  ProgressCallback progress(terminal.out(), std::make_shared<FakeClock>());
  TestRun run;
  progress.on_train_begin(run.at(0));
  progress.on_prediction_step(run.at(1));
  progress.on_exception(run.at(1), std::runtime_error("of the evaluation"));
  terminal.text();
  progress.on_prediction_step(run.at(1));
  EXPECT_EQ(terminal.text(), "\revaluation: 1 batches [00:00, 0.00 batches/s]\x1b[K");
  progress.on_train_begin(run.at(0));  // what auto_find_batch_size does then
  progress.on_prediction_step(run.at(0));
  EXPECT_EQ(terminal.text(), "\r\nevaluation: 1 batches [00:00, 0.00 batches/s]\x1b[K");
}

class FiveSamples final : public Dataset {
 public:
  std::int64_t size() const override { return 5; }
  Batch get(std::int64_t /*index*/) const override { return {}; }
};

TEST(ProgressCallback, KnowsHowLongAnEvaluationIs) {
  const Terminal terminal(60);
  ProgressCallback progress(terminal.out(), std::make_shared<FakeClock>());
  TestRun run;
  const DataLoader loader(std::make_shared<FiveSamples>(), std::make_shared<SequentialSampler>(5),
                          {}, {.batch_size = 2});
  const TrainerEvent now = run.at(0);
  progress.on_prediction_step({.args = now.args,
                               .plan = now.plan,
                               .state = now.state,
                               .control = now.control,
                               .model = now.model,
                               .eval_dataloader = &loader});
  EXPECT_NE(terminal.text().find("| 1/3 ["), std::string::npos) << "of three batches";
}

TEST(ProgressCallback, CountsAnEvaluationWithoutATraining) {
  const Terminal terminal;
  ProgressCallback progress(terminal.out(), std::make_shared<FakeClock>());
  TestRun run;
  progress.on_prediction_step(run.at(0));
  EXPECT_EQ(terminal.text(), "\revaluation: 1 batches [00:00, 0.00 batches/s]\x1b[K");
  progress.on_log(run.at(0), {{"eval_loss", 0.5}});
  progress.on_evaluate(run.at(0), {});
  EXPECT_EQ(terminal.text(), "\r\x1b[Kstep 0/10: eval_loss: 0.5\r\n\r\x1b[K");
}

TEST(ProgressCallback, IsSilentOnProcessesThatAreNotTheFirst) {
  TestRun run;
  run.state.is_world_process_zero = false;
  EXPECT_EQ(written([&](ProgressCallback& progress) {
              progress.on_train_begin(run.at(0));
              progress.on_log(run.at(1), {{"loss", 0.25}});
              progress.on_train_end(run.at(1));
            }),
            "");
}

TEST(ProgressBar, FitsEveryTerminal) {
  const ProgressFacts facts{
      .done = 5000, .total = 10000, .seconds = 3661, .done_before = 0, .samples_each = 64};
  EXPECT_EQ(progress_bar(facts, 200),
            " 50%|###############               | 5000/10000 [1:01:01<1:01:01, 1.37 steps/s, 87.4 "
            "samples/s]");
  for (int columns = 0; columns <= 120; ++columns) {
    EXPECT_LE(progress_bar(facts, columns).size(), static_cast<std::size_t>(columns));
  }
  EXPECT_EQ(progress_bar({.done = 3, .total = 0}, 80).substr(0, 5), "100%|");
}

TEST(ProgressCallback, DoesNotEndARunWhoseStreamTakesNothing) {
  std::FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  ProgressCallback progress(full);
  EXPECT_NO_THROW(follow(progress));
  std::fclose(full);
}

/// What transformers 5.12.1's PrinterCallback prints for these values, taken from a call of it.
TEST(PrinterCallback, PrintsALogAsPythonDoes) {
  const TempDir folder;
  std::FILE* out = std::fopen((folder / "out").c_str(), "w");
  ASSERT_NE(out, nullptr);
  PrinterCallback printer(out);
  TestRun run;
  const LogRow logs = {{"loss", 0.69314718},
                       {"learning_rate", 2e-05},
                       {"total_flos", 1e15},
                       {"big", 123456789.0},
                       {"step", std::int64_t{10}},
                       {"nan", std::numeric_limits<double>::quiet_NaN()},
                       {"-nan", -std::numeric_limits<double>::quiet_NaN()},
                       {"infinity", -std::numeric_limits<double>::infinity()},
                       {"ok", true},
                       {"none", nullptr},
                       {"text", "don't\t\"x\"\\\n"},
                       {"it's", "don't"}};
  printer.on_log(run.at(10), logs);
  run.state.is_local_process_zero = false;
  printer.on_log(run.at(10), logs);
  std::fclose(out);
  EXPECT_EQ(read_file(folder / "out"),
            R"({'loss': '0.6931', 'learning_rate': '2e-05', 'big': '1.235e+08', 'step': 10, )"
            R"('nan': 'nan', '-nan': 'nan', 'infinity': '-inf', 'ok': True, 'none': None, )"
            R"('text': 'don\'t\t"x"\\\n', "it's": "don't"})"
            "\n");
}

}  // namespace
}  // namespace torchhub
