// How long a run is: num_train_epochs, which may be fractional, or max_steps.
#include "support/logged_values.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

/// Counts what is begun and made.
class Counts final : public TrainerCallback {
 public:
  std::string name() const override { return "Counts"; }
  void on_epoch_begin(const TrainerEvent&) override { ++epochs; }
  void on_optimizer_step(const TrainerEvent&) override { ++updates; }
  std::int64_t epochs = 0;
  std::int64_t updates = 0;
};

/// Runs over 10 samples in batches of 4: three an epoch.
class RunLength : public ::testing::Test {
 protected:
  struct Length {
    std::int64_t updates = 0;
    std::int64_t epochs = 0;  ///< Begun.
    std::vector<double> epoch_values = {};
  };

  TrainingArguments arguments() const {
    return {.output_dir = folder_ / "out",
            .per_device_train_batch_size = 4,
            .logging_steps = 1,
            .disable_tqdm = true,
            .save_strategy = SaveStrategy::no};
  }

  /// What the run does, which must be what its state and its output say.
  static Length length_of(const TrainingArguments& args,
                          std::optional<std::string> resume = std::nullopt,
                          std::shared_ptr<PreTrainedModel> model = tiny_model()) {
    const auto counts = std::make_shared<Counts>();
    Trainer trainer({.model = std::move(model),
                     .args = args,
                     .train_dataset = tiny_dataset(10),
                     .callbacks = {counts}});
    const std::int64_t last =
        trainer.train({.resume_from_checkpoint = std::move(resume)}).global_step;
    const TrainerState& state = trainer.state();
    EXPECT_EQ(state.global_step, last);
    EXPECT_EQ(state.max_steps, last);
    std::vector<double> values = testing::logged_values(state.log_history, "epoch");
    EXPECT_EQ(values.size(), static_cast<std::size_t>(last) + 1) << "an update each, the summary";
    EXPECT_EQ(static_cast<double>(state.epoch), values.back());
    values.pop_back();
    return {.updates = counts->updates, .epochs = counts->epochs, .epoch_values = values};
  }

  TempDir folder_;
};

// Golden: transformers 5.12.1 ends at epoch 1.6667.
TEST_F(RunLength, AFractionOfAnEpochEndsInTheMiddleOfIt) {
  TrainingArguments args = arguments();
  args.num_train_epochs = 1.5;
  const Length length = length_of(args);
  EXPECT_EQ(length.updates, 5);
  EXPECT_EQ(length.epochs, 2);
  EXPECT_EQ(length.epoch_values,
            (std::vector<double>{1.0 / 3, 2.0 / 3, 1, 1 + 1.0 / 3, 1 + 2.0 / 3}));
}

// Golden: transformers 5.12.1 ends at epoch 1.3333.
TEST_F(RunLength, MaxStepsEndInTheMiddleOfAnEpochWhateverTheEpochs) {
  TrainingArguments args = arguments();
  args.max_steps = 4;
  args.num_train_epochs = 0.5;
  const Length length = length_of(args);
  EXPECT_EQ(length.updates, 4);
  EXPECT_EQ(length.epochs, 2);
  EXPECT_EQ(length.epoch_values, (std::vector<double>{1.0 / 3, 2.0 / 3, 1, 1 + 1.0 / 3}));
}

TEST_F(RunLength, LessThanAnEpochIsRoundedUpToWholeUpdates) {
  TrainingArguments args = arguments();
  args.num_train_epochs = 0.4;  // 1.2 updates
  const Length length = length_of(args);
  EXPECT_EQ(length.updates, 2);
  EXPECT_EQ(length.epochs, 1);
  EXPECT_EQ(length.epoch_values, (std::vector<double>{1.0 / 3, 2.0 / 3}));
}

TEST_F(RunLength, TheEpochCountsBatchesWhereAnUpdateTakesSeveral) {
  TrainingArguments args = arguments();
  args.num_train_epochs = 1.5;
  args.gradient_accumulation_steps = 2;  // two batches, then the one that is left
  const Length length = length_of(args);
  EXPECT_EQ(length.updates, 3);
  EXPECT_EQ(length.epochs, 2);
  EXPECT_EQ(length.epoch_values, (std::vector<double>{2.0 / 3, 1, 1 + 2.0 / 3}));
}

TEST_F(RunLength, AFractionEndsAtTheSameUpdateAfterAResume) {
  TrainingArguments args = arguments();
  args.num_train_epochs = 1.5;
  args.save_strategy = SaveStrategy::steps;
  args.save_steps = 4;
  const auto straight = tiny_model();
  length_of(args, std::nullopt, straight);
  const auto resumed = tiny_model();
  const std::string at_step_4 = (args.output_dir / checkpoint_name(4)).string();
  args.output_dir = folder_ / "resumed";
  const Length length = length_of(args, at_step_4, resumed);
  EXPECT_EQ(length.updates, 1);
  EXPECT_EQ(length.epoch_values.back(), 1 + 2.0 / 3);
  EXPECT_TRUE(testing::same_state(*straight, *resumed));
}

}  // namespace
}  // namespace torchhub
