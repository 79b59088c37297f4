// Which checkpoints save_total_limit leaves; what it does with the best one: best_model_test.cpp.
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;
using Steps = std::vector<std::int64_t>;

class SaveTotalLimit : public ::testing::Test {
 protected:
  /// The checkpoints that are there after a run which saved each of its four updates.
  Steps left_with(std::optional<std::int64_t> limit) const {
    Trainer trainer({.model = tiny_model(),
                     .args = {.output_dir = folder_ / "out",
                              .max_steps = 4,
                              .disable_tqdm = true,
                              .save_steps = 1,
                              .save_total_limit = limit},
                     .train_dataset = tiny_dataset(16)});
    trainer.train();
    return complete_checkpoints(folder_ / "out");
  }

  TempDir folder_;
};

TEST_F(SaveTotalLimit, KeepsAsManyCheckpointsAsAsked) { EXPECT_EQ(left_with(2), (Steps{3, 4})); }

TEST_F(SaveTotalLimit, KeepsTheOneJustSavedBesideTheHigherStepsOfAnOlderRun) {
  write_file_atomically(folder_ / "out/checkpoint-1000/trainer_state.json", "{}");
  EXPECT_EQ(left_with(1), Steps{4});
}

// As in Python, a limit of 0 or below is none.
TEST_F(SaveTotalLimit, KeepsAllCheckpointsWithoutALimitAboveZero) {
  for (const std::optional<std::int64_t> limit :
       {std::optional<std::int64_t>(0), std::optional<std::int64_t>(-1),
        std::optional<std::int64_t>()}) {
    SCOPED_TRACE(limit.value_or(1000));
    std::filesystem::remove_all(folder_ / "out");
    EXPECT_EQ(left_with(limit), (Steps{1, 2, 3, 4}));
  }
}

}  // namespace
}  // namespace torchhub
