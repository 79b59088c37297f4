// SaveMode::async: the memory that a save takes beside training.
#include "support/fake_clock.h"
#include "support/heap_bytes.h"
#include "support/temp_dir.h"
#include "torchhub/torchhub.h"
#include "trainer/holds_the_writer.h"
#include "trainer/short_run.h"
#include "trainer/wide_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace torchhub {
namespace {

using testing::TempDir;
using testing::WideModelForImageClassification;

constexpr std::size_t kMega = 1'000'000;
/// What is no copy of a tensor: the piece that is being written, small files, notes of the run.
constexpr std::size_t kNoTensors = 2 * kMega;

/// What is in use as an update begins, and when its step is about to change the weights.
class HeapInUpdates final : public TrainerCallback {
 public:
  std::string name() const override { return "HeapInUpdates"; }
  void on_step_begin(const TrainerEvent&) override { begin.push_back(testing::heap_bytes()); }
  void on_pre_optimizer_step(const TrainerEvent&) override {
    before_step.push_back(testing::heap_bytes());
  }

  std::vector<std::size_t> begin;        ///< Nothing of the save before it is copied yet.
  std::vector<std::size_t> before_step;  ///< All of it that is not written is copied.
};

/// Updates take an hour, and begin when the save before is written, but for the second one.
class SlowUpdates final : public TrainerCallback {
 public:
  explicit SlowUpdates(std::shared_ptr<testing::FakeClock> clock) : clock_(std::move(clock)) {}
  std::string name() const override { return "SlowUpdates"; }
  void on_step_begin(const TrainerEvent& event) override {
    clock_->advance(std::chrono::hours(1));
    const std::int64_t step = event.state.global_step;
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (step > 1 && !std::filesystem::exists(event.args.output_dir / checkpoint_name(step)) &&
           std::chrono::steady_clock::now() < give_up) {
      std::this_thread::yield();
    }
  }

 private:
  std::shared_ptr<testing::FakeClock> clock_;
};

std::size_t more(std::size_t with, std::size_t without) { return with - std::min(with, without); }

class BackgroundMemory : public ::testing::Test {
 protected:
  std::shared_ptr<HeapInUpdates> heap_of_run(SaveStrategy saves,
                                             std::shared_ptr<TrainerCallback> holds = nullptr,
                                             SaveCopy copy = SaveCopy::gate) const {
    std::vector<std::shared_ptr<TrainerCallback>> before;
    if (holds) before.push_back(std::move(holds));
    return heap_of_run(saves, std::move(before), copy, system_clock());
  }
  std::shared_ptr<HeapInUpdates> heap_of_run(SaveStrategy saves,
                                             std::vector<std::shared_ptr<TrainerCallback>> before,
                                             SaveCopy copy,
                                             std::shared_ptr<const Clock> clock) const {
    const auto heap = std::make_shared<HeapInUpdates>();
    TrainerOptions o{.model = testing::wide_model(),
                     .args = testing::short_run(folder_ / "out"),
                     .train_dataset = testing::tiny_dataset(16),
                     .save_copy = copy,
                     .clock = std::move(clock)};
    o.args.save_strategy = saves;
    o.args.save_steps = 1;
    o.callbacks = std::move(before);
    o.callbacks.push_back(heap);
    Trainer(std::move(o)).train();
    std::filesystem::remove_all(folder_ / "out");
    return heap;
  }

  const TempDir folder_;
  const std::size_t state_ = 3 * WideModelForImageClassification::parameter_bytes();  // Adam
};

TEST_F(BackgroundMemory, IsLessThanTheLargestTensorAsLongAsNoStepComes) {
  heap_of_run(SaveStrategy::no);  // what is made once in a process
  const auto without = heap_of_run(SaveStrategy::no);
  for (const std::size_t written : {std::size_t{0}, 1 * kMega, 5 * kMega, 10 * kMega}) {
    SCOPED_TRACE(written);
    const auto with =
        heap_of_run(SaveStrategy::steps, std::make_shared<testing::HoldsTheWriter>(written, 1));
    EXPECT_LE(more(with->begin.at(1), without->begin.at(1)),
              WideModelForImageClassification::largest_tensor_bytes());
  }
}

TEST_F(BackgroundMemory, IsAtMostOneCopyOfTheStateHoweverLateTheWriting) {
  heap_of_run(SaveStrategy::no);
  const auto without = heap_of_run(SaveStrategy::no);
  for (const SaveCopy copy : {SaveCopy::gate, SaveCopy::clone}) {
    const auto with =
        heap_of_run(SaveStrategy::steps, std::make_shared<testing::HoldsTheWriter>(), copy);
    for (const std::size_t update : {1, 2, 3}) {  // each after a save
      const std::size_t extra = more(with->before_step.at(update), without->before_step.at(update));
      EXPECT_GE(extra, state_);  // else nothing was measured
      EXPECT_LE(extra, state_ + kNoTensors);
    }
  }
}

TEST_F(BackgroundMemory, IsKeptForTheNextSaveAndFreedWhereThatNeedsNone) {
  heap_of_run(SaveStrategy::no);
  const auto without = heap_of_run(SaveStrategy::no);
  const auto clock = std::make_shared<testing::FakeClock>();
  const std::vector<std::shared_ptr<TrainerCallback>> before{
      std::make_shared<testing::HoldsTheWriter>(0, 1), std::make_shared<SlowUpdates>(clock)};
  const auto with = heap_of_run(SaveStrategy::steps, before, SaveCopy::gate, clock);
  // The first save, of which nothing was written by then; the second, which was.
  EXPECT_GE(more(with->before_step.at(1), without->before_step.at(1)), state_);
  EXPECT_GE(more(with->begin.at(2), without->begin.at(2)), state_);
  EXPECT_LE(more(with->before_step.at(3), without->before_step.at(3)), kNoTensors);
}

}  // namespace
}  // namespace torchhub
