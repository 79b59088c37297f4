#include "torchhub/training/checkpoint.h"

#include "support/golden.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/pickle/torch_file.h"
#include "torchhub/weights/pickle_tensors.h"
#include "training/rng_state.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <cmath>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::golden_path;
using testing::TempDir;
using Steps = std::vector<std::int64_t>;

// Rows of the table in docs/checkpoint-layout.md, found by running transformers 5.12.1.
TEST(StepsToDelete, KeepTheNewestAndTheBest) {
  const Steps all{5, 10, 15, 20, 25};
  EXPECT_EQ(steps_to_delete(all, 2, {.newest = 25}), (Steps{5, 10, 15}));
  EXPECT_EQ(steps_to_delete(all, 2, {.newest = 25, .best = 5}), (Steps{10, 15, 20}));
  EXPECT_EQ(steps_to_delete(all, 1, {.newest = 25, .best = 25}), (Steps{5, 10, 15, 20}));
  EXPECT_EQ(steps_to_delete(all, 1, {.newest = 25, .best = 5}), (Steps{10, 15, 20}));
  EXPECT_TRUE(steps_to_delete(all, 0, {.newest = 25}).empty());
  EXPECT_TRUE(steps_to_delete({}, 1, {.newest = 25}).empty());
}

TEST(StepsToDelete, KeepWhatWasJustSavedBelowTheStepsOfAnOlderRun) {
  EXPECT_EQ(steps_to_delete({5, 1000}, 1, {.newest = 5}), Steps{1000});
}

TEST(CompleteCheckpoints, LeaveOutWhatIsNotWholeOrNotACheckpoint) {
  const TempDir folder;
  write_file_atomically(folder / "checkpoint-10/trainer_state.json", "{}");
  write_file_atomically(folder / "checkpoint-9/trainer_state.json", "{}");
  write_file_atomically(folder / "checkpoint-11/model.safetensors", "");
  write_file_atomically(folder / "checkpoint-12/trainer_state.json", "{}");
  write_file_atomically(folder / "checkpoint-12/checkpoint-is-incomplete.txt", "");
  write_file_atomically(folder / "checkpoint-13x/trainer_state.json", "{}");
  write_file_atomically(folder / "checkpoint-007/trainer_state.json", "{}");
  write_file_atomically(folder / ".tmp-checkpoint-14-01abcdef/trainer_state.json", "{}");
  EXPECT_EQ(complete_checkpoints(folder.path()), (Steps{9, 10}));
  EXPECT_TRUE(complete_checkpoints(folder / "none").empty());
}

TEST(RemoveUnfinished, TakesOnlyWhatAKilledRunLeft) {
  const TempDir folder;
  write_file_atomically(folder / ".tmp-checkpoint-14-01abcdef/model.safetensors", "half");
  write_file_atomically(folder / "_torchhub/push-0123456789ab/model.safetensors", "copy");
  write_file_atomically(folder / ".tmp-notes/mine.txt", "a user's");
  write_file_atomically(folder / "_torchhub/generated-card.json", "# net");
  write_file_atomically(folder / "_torchhub/pushes/00000001-01abcdef/push.json", "{}");
  write_file_atomically(folder / "checkpoint-9/trainer_state.json", "{}");
  remove_unfinished(folder.path());
  EXPECT_FALSE(fs::exists(folder / ".tmp-checkpoint-14-01abcdef"));
  EXPECT_FALSE(fs::exists(folder / "_torchhub/push-0123456789ab"));
  EXPECT_TRUE(fs::exists(folder / ".tmp-notes/mine.txt"));
  EXPECT_TRUE(fs::exists(folder / "_torchhub/generated-card.json"));
  EXPECT_TRUE(fs::exists(folder / "_torchhub/pushes/00000001-01abcdef/push.json"));
  EXPECT_TRUE(fs::exists(folder / "checkpoint-9/trainer_state.json"));
  remove_unfinished(folder / "none");
}

TEST(RngFile, BringsTheGeneratorBack) {
  const TempDir folder;
  torch::manual_seed(5);
  torch::rand({7});
  save_rng_state(folder / "rng_state.pth", seeded_python_rng(42), std::nullopt);
  const torch::Tensor next = torch::rand({5});
  torch::manual_seed(99);
  load_rng_state(folder / "rng_state.pth", std::nullopt);
  EXPECT_TRUE(torch::equal(next, torch::rand({5})));
}

TEST(RngFile, WithAStateThatIsNoneIsRefused) {
  const TempDir folder;
  for (const torch::Tensor& state :
       {torch::zeros({16}, torch::kUInt8), torch::zeros({5056}, torch::kFloat32)}) {
    pickle::Dict states;
    states.set("cpu", pickle_tensor(state));
    save_torch_file(folder / "bad.pth", states);
    EXPECT_THROW(load_rng_state(folder / "bad.pth", std::nullopt), CheckpointError);
  }
  save_torch_file(folder / "bad.pth", pickle::List{});
  EXPECT_THROW(load_rng_state(folder / "bad.pth", std::nullopt), CheckpointError);
}

TEST(RngFile, HoldsTheStateOfOneGpuOrOfAll) {
  pickle::Dict states;
  EXPECT_EQ(saved_cuda_state(states, 0), nullptr);
  states.set("cuda", pickle_tensor(torch::zeros({16}, torch::kUInt8)));
  ASSERT_NE(saved_cuda_state(states, 1), nullptr);
  EXPECT_EQ(saved_cuda_state(states, 1)->tensor().shape, std::vector<std::int64_t>{16});
  states.set("cuda", pickle::List{{pickle_tensor(torch::zeros({16}, torch::kUInt8)),
                                   pickle_tensor(torch::zeros({24}, torch::kUInt8))}});
  EXPECT_EQ(saved_cuda_state(states, 1)->tensor().shape, std::vector<std::int64_t>{24});
  EXPECT_EQ(saved_cuda_state(states, 2), nullptr);  // of a run with fewer GPUs
}

TEST(RngFile, OfPythonLoadsAndItsOtherStatesArePassedOn) {
  const TempDir folder;
  load_rng_state(golden_path("trainer/rng_state.pth"), std::nullopt);
  save_rng_state(folder / "rng_state.pth",
                 python_rng_of(golden_path("trainer/rng_state.pth"), seeded_python_rng(1)),
                 std::nullopt);
  const pickle::Value python = load_torch_file(golden_path("trainer/rng_state.pth"));
  const pickle::Value ours = load_torch_file(folder / "rng_state.pth");
  EXPECT_EQ(python.dict().at("python"), ours.dict().at("python"));
  EXPECT_EQ(python.dict().at("cpu"), ours.dict().at("cpu"));  // nothing was drawn between
  EXPECT_NE(ours.dict().at("numpy"), seeded_python_rng(1).numpy);
}

TEST(RngFile, WithoutPythonsStatesLeavesThemAsSeeded) {
  const TempDir folder;
  save_torch_file(folder / "rng_state.pth", pickle::Dict{});
  EXPECT_EQ(python_rng_of(folder / "rng_state.pth", seeded_python_rng(7)).python,
            seeded_python_rng(7).python);
}

TEST(RngFile, SeedsThePythonStateAsPythonDoes) {
  // The golden run was seeded with 42 and drew nothing from `random`.
  const TempDir folder;
  save_rng_state(folder / "rng_state.pth", seeded_python_rng(42), std::nullopt);
  EXPECT_EQ(load_torch_file(folder / "rng_state.pth").dict().at("python"),
            load_torch_file(golden_path("trainer/rng_state.pth")).dict().at("python"));
}

}  // namespace
}  // namespace torchhub
