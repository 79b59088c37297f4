// Arguments that say what a run does about memory: auto_find_batch_size, torch_empty_cache_steps,
// gradient_checkpointing.
#include "support/logged_values.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/log.h"
#include "torchhub/torchhub.h"
#include "trainer/short_run.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <stdexcept>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;
using Sizes = std::vector<std::int64_t>;

testing::TinyConfig tiny_config() {
  testing::TinyConfig config;
  config.model_type = "tiny";
  return config;
}

/// Runs out of memory, as LibTorch's allocator says it, for batches above a size.
class HungryModel final : public testing::TinyModelForImageClassification {
 public:
  explicit HungryModel(std::int64_t most)
      : TinyModelForImageClassification(tiny_config()), most_(most) {}
  ModelOutput forward(const Batch& batch) override {
    const std::int64_t size = batch.at("pixel_values").size(0);
    tried.push_back(size);
    if (size > most_ && is_training()) run_out();
    return TinyModelForImageClassification::forward(batch);
  }
  Sizes tried;
  std::function<void()> run_out = [] {
    TORCH_CHECK(false, "DefaultCPUAllocator: can't allocate memory");
  };

 private:
  std::int64_t most_;
};

class CountsFailures final : public TrainerCallback {
 public:
  std::string name() const override { return "CountsFailures"; }
  void on_exception(const TrainerEvent&, const std::exception&) override { ++seen; }
  int seen = 0;
};

/// Counts how often LibTorch is told to empty its cache: the log says so, at level debug.
class CacheWatch {
 public:
  CacheWatch() {
    log::set_level(log::Level::debug);
    log::set_sink([this](log::Level, std::string_view line) {
      emptied_ += line.find(" empty_cache ") != std::string_view::npos ? 1 : 0;
    });
  }
  ~CacheWatch() {
    log::set_sink({});
    log::set_level(level_);
  }
  CacheWatch(const CacheWatch&) = delete;
  CacheWatch& operator=(const CacheWatch&) = delete;

  int emptied() const { return emptied_; }

 private:
  log::Level level_ = log::level();
  int emptied_ = 0;
};

class MemoryFields : public ::testing::Test {
 protected:
  TrainingArguments arguments() const { return testing::short_run(folder_ / "out"); }

  TempDir folder_;
};

constexpr const char* kNoBatchFits =
    "No batch fits into memory: auto_find_batch_size went down to one sample. Make samples or "
    "model smaller, set bf16 or gradient_checkpointing, or use a device with more memory.";

TEST_F(MemoryFields, AutoFindBatchSizeSaysOnceThatNoneFitsAndWhatHelps) {
  const auto model = std::make_shared<HungryModel>(0);
  TrainingArguments args = arguments();
  args.auto_find_batch_size = true;
  const auto failures = std::make_shared<CountsFailures>();
  Trainer trainer(
      {.model = model, .args = args, .train_dataset = tiny_dataset(16), .callbacks = {failures}});
  const std::string said = message_of<c10::Error>([&] { trainer.train(); });
  EXPECT_TRUE(said.starts_with("DefaultCPUAllocator: can't allocate memory")) << said;
  EXPECT_NE(said.find(kNoBatchFits), std::string::npos) << said;
  EXPECT_EQ(model->tried, (Sizes{4, 3, 2, 1}));
  EXPECT_EQ(failures->seen, 1);

  model->run_out = [] { throw std::bad_alloc(); };
  EXPECT_EQ(message_of<std::bad_alloc>([&] { trainer.train(); }), kNoBatchFits);
}

TEST_F(MemoryFields, AutoFindBatchSizeLeavesOtherErrorsAsTheyAre) {
  const auto model = std::make_shared<HungryModel>(0);
  model->run_out = [] { throw std::runtime_error("the robot fell over"); };
  TrainingArguments args = arguments();
  args.auto_find_batch_size = true;
  Trainer trainer({.model = model, .args = args, .train_dataset = tiny_dataset(16)});
  EXPECT_EQ(message_of<std::runtime_error>([&] { trainer.train(); }), "the robot fell over");
  EXPECT_EQ(model->tried, Sizes{4});
}

TEST_F(MemoryFields, AutoFindBatchSizeGoesDownUntilABatchFits) {
  const auto model = std::make_shared<HungryModel>(14);
  TrainingArguments args = arguments();
  args.per_device_train_batch_size = 20;
  args.auto_find_batch_size = true;
  args.save_strategy = SaveStrategy::steps;
  args.save_steps = 2;
  const auto failures = std::make_shared<CountsFailures>();
  Trainer trainer(
      {.model = model, .args = args, .train_dataset = tiny_dataset(100), .callbacks = {failures}});
  {
    CacheWatch cache;
    EXPECT_EQ(trainer.train().global_step, 4);
    EXPECT_EQ(cache.emptied(), 3) << "before each new try";
  }
  EXPECT_EQ(trainer.state().train_batch_size, 14);
  EXPECT_EQ(failures->seen, 0) << "the run did not end";
  model->tried.resize(4);
  EXPECT_EQ(model->tried, (Sizes{20, 18, 16, 14}));  // a tenth less, cut
  model->tried.clear();
  trainer.train({.resume_from_checkpoint = (folder_ / "out/checkpoint-2").string()});
  EXPECT_EQ(model->tried, (Sizes{14, 14}));  // what worked stays
}

TEST_F(MemoryFields, AutoFindBatchSizeBeginsAgainAtTheRatesOfTheUsersOptimizer) {
  const auto rates = [&](std::int64_t batch_size) {
    const auto model = std::make_shared<HungryModel>(14);
    TrainingArguments args = arguments();
    args.per_device_train_batch_size = batch_size;
    args.auto_find_batch_size = true;
    args.warmup_steps = 2;  // the schedule begins at 0
    Trainer trainer(
        {.model = model,
         .args = args,
         .train_dataset = tiny_dataset(100),
         .optimizer = std::make_shared<torch::optim::SGD>(model->parameters(), /*lr=*/0.25)});
    trainer.train();
    return testing::logged_values(trainer.state().log_history, "learning_rate");
  };
  EXPECT_EQ(rates(14), (std::vector<double>{0, 0.125, 0.25, 0.125}));
  EXPECT_EQ(rates(20), rates(14));
}

TEST_F(MemoryFields, WithoutAutoFindBatchSizeALackOfMemoryEndsTheRun) {
  const auto model = std::make_shared<HungryModel>(2);
  Trainer trainer({.model = model, .args = arguments(), .train_dataset = tiny_dataset(16)});
  const std::string said = message_of<c10::Error>([&] { trainer.train(); });
  EXPECT_TRUE(said.starts_with("DefaultCPUAllocator: can't allocate memory")) << said;
  EXPECT_EQ(said.find("No batch fits"), std::string::npos) << "a smaller one may: " << said;
  EXPECT_EQ(model->tried, Sizes{4});
}

TEST_F(MemoryFields, TorchEmptyCacheStepsEmptyItAfterEveryNthUpdate) {
  /// How often it was emptied by the end of each update.
  class AtEachUpdate final : public TrainerCallback {
   public:
    explicit AtEachUpdate(const CacheWatch& cache) : cache_(cache) {}
    std::string name() const override { return "AtEachUpdate"; }
    void on_step_end(const TrainerEvent&) override { emptied.push_back(cache_.emptied()); }
    std::vector<int> emptied;

   private:
    const CacheWatch& cache_;
  };
  const auto emptied_with = [&](std::optional<std::int64_t> steps) {
    CacheWatch cache;
    const auto updates = std::make_shared<AtEachUpdate>(cache);
    TrainingArguments args = arguments();
    args.torch_empty_cache_steps = steps;
    Trainer({.model = tiny_model(),
             .args = args,
             .train_dataset = tiny_dataset(16),
             .callbacks = {updates}})
        .train();
    return updates->emptied;
  };
  EXPECT_EQ(emptied_with({}), (std::vector<int>{0, 0, 0, 0}));
  EXPECT_EQ(emptied_with(1), (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(emptied_with(3), (std::vector<int>{0, 0, 1, 1}));
}

TEST_F(MemoryFields, GradientCheckpointingNeedsAModelThatCan) {
  TrainingArguments args = arguments();
  args.gradient_checkpointing = true;
  Trainer trainer({.model = tiny_model(), .args = args, .train_dataset = tiny_dataset(16)});
  EXPECT_THROW(trainer.train(), InvalidArgumentError);
}

TEST_F(MemoryFields, GradientCheckpointingIsTheModelsFromTheFirstUpdateOn) {
  class Recomputes final : public testing::TinyModelForImageClassification {
   public:
    Recomputes() : TinyModelForImageClassification(tiny_config()) {}
    bool set_gradient_checkpointing(bool on) override {
      on_ = on;
      return true;
    }
    ModelOutput forward(const Batch& batch) override {
      passes_with_it += on_ ? 1 : 0;
      return TinyModelForImageClassification::forward(batch);
    }
    int passes_with_it = 0;

   private:
    bool on_ = false;
  };
  for (const bool asked : {false, true}) {
    const auto model = std::make_shared<Recomputes>();
    TrainingArguments args = arguments();
    args.gradient_checkpointing = asked;
    Trainer({.model = model, .args = args, .train_dataset = tiny_dataset(16)}).train();
    EXPECT_EQ(model->passes_with_it, asked ? 4 : 0);
  }
}

}  // namespace
}  // namespace torchhub
