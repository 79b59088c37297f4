#include "torchhub/training/checkpoint.h"

#include "support/golden.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/pickle/torch_file.h"
#include "torchhub/weights/pickle_tensors.h"
#include "training/adamw_state.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <cmath>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::golden_path;
using testing::TempDir;
using Steps = std::vector<std::int64_t>;

constexpr double kRate = 0.01;

/// Two updates on noise, so that every parameter has moments.
std::unique_ptr<torch::optim::Optimizer> trained(torch::nn::Linear& net) {
  auto optimizer = make_adamw(*net, {.learning_rate = kRate, .weight_decay = 0.1});
  for (int i = 0; i < 2; ++i) {
    optimizer->zero_grad();
    net->forward(torch::randn({4, 3})).pow(2).mean().backward();
    optimizer->step();
  }
  return optimizer;
}

SchedulerState rates() {
  return {.base_rates = {kRate, kRate}, .last_epoch = 2, .last_rates = {kRate / 2, kRate / 2}};
}

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
  write_file_atomically(folder / ".tmp-checkpoint-14-abcd/trainer_state.json", "{}");
  EXPECT_EQ(complete_checkpoints(folder.path()), (Steps{9, 10}));
  EXPECT_TRUE(complete_checkpoints(folder / "none").empty());
}

TEST(OptimizerFile, BringsMomentsBackBitForBit) {
  const TempDir folder;
  torch::manual_seed(1);
  torch::nn::Linear net(3, 2);
  const auto optimizer = trained(net);
  save_optimizer(*optimizer, rates(), folder / "optimizer.pt");

  const auto fresh = make_adamw(*net, {.learning_rate = kRate, .weight_decay = 0.1});
  EXPECT_EQ(load_optimizer(*fresh, decay_groups(*net), folder / "optimizer.pt"), kRate);
  for (const at::Tensor& parameter : net->parameters()) {
    const auto* before = adamw_state(*optimizer, parameter);
    const auto* after = adamw_state(*fresh, parameter);
    ASSERT_NE(after, nullptr);
    EXPECT_EQ(before->step(), after->step());
    EXPECT_TRUE(torch::equal(before->exp_avg(), after->exp_avg()));
    EXPECT_TRUE(torch::equal(before->exp_avg_sq(), after->exp_avg_sq()));
  }
}

TEST(RemoveUnfinished, TakesOnlyWhatAKilledRunLeft) {
  const TempDir folder;
  write_file_atomically(folder / ".tmp-checkpoint-14-abcd/model.safetensors", "half");
  write_file_atomically(folder / "_torchhub/push-01ab/model.safetensors", "copy");
  write_file_atomically(folder / "_torchhub/generated-card.md", "# net");
  write_file_atomically(folder / "checkpoint-9/trainer_state.json", "{}");
  remove_unfinished(folder.path());
  EXPECT_FALSE(fs::exists(folder / ".tmp-checkpoint-14-abcd"));
  EXPECT_FALSE(fs::exists(folder / "_torchhub/push-01ab"));
  EXPECT_TRUE(fs::exists(folder / "_torchhub/generated-card.md"));
  EXPECT_TRUE(fs::exists(folder / "checkpoint-9/trainer_state.json"));
  remove_unfinished(folder / "none");
}

TEST(OptimizerFile, BringsItsSettingsAsInPython) {
  const TempDir folder;
  torch::nn::Linear net(3, 2);
  const auto saved = make_adamw(
      *net,
      {.learning_rate = kRate, .weight_decay = 0.1, .adam_beta2 = 0.95, .adam_epsilon = 1e-6});
  save_optimizer(*saved, rates(), folder / "optimizer.pt");
  const auto fresh = make_adamw(*net, {.learning_rate = kRate});
  load_optimizer(*fresh, decay_groups(*net), folder / "optimizer.pt");
  for (const auto& group : fresh->param_groups()) {
    const auto& options = static_cast<const torch::optim::AdamWOptions&>(group.options());
    EXPECT_EQ(std::get<1>(options.betas()), 0.95);
    EXPECT_EQ(options.eps(), 1e-6);
  }
  const auto decay = [&](std::size_t group) {
    return static_cast<const torch::optim::AdamWOptions&>(fresh->param_groups()[group].options())
        .weight_decay();
  };
  EXPECT_EQ(decay(0), 0.1);
  EXPECT_EQ(decay(1), 0);
}

TEST(OptimizerFile, WithAStepThatIsNoNumberOfUpdatesIsRefused) {
  const TempDir folder;
  torch::nn::Linear net(3, 2);
  const auto optimizer = trained(net);
  for (const torch::Tensor& step :
       {torch::tensor({1.0F, 2.0F}), torch::tensor(std::nanf("")), torch::tensor(-1.0F)}) {
    SCOPED_TRACE(step);
    save_optimizer(*optimizer, rates(), folder / "optimizer.pt");
    pickle::Value file = load_torch_file(folder / "optimizer.pt");
    pickle::Dict all = file.dict();
    pickle::Dict states = all.at("state").dict();
    pickle::Dict first = states.at(0).dict();
    first.set("step", pickle_tensor(step));
    states.set(0, first);
    all.set("state", states);
    save_torch_file(folder / "bad.pt", all);
    EXPECT_THROW(load_optimizer(*make_adamw(*net, {}), decay_groups(*net), folder / "bad.pt"),
                 CheckpointError);
  }
}

TEST(OptimizerFile, HasPythonsKeysInPythonsOrder) {
  const TempDir folder;
  torch::nn::Linear net(3, 2);
  save_optimizer(*trained(net), rates(), folder / "optimizer.pt");
  const auto keys = [](const pickle::Value& file) {
    std::vector<std::string> names;
    for (const auto& [key, value] : file.dict().at("param_groups").items().at(0).dict().items) {
      names.push_back(key.text());
    }
    return names;
  };
  EXPECT_EQ(keys(load_torch_file(folder / "optimizer.pt")),
            keys(load_torch_file(golden_path("trainer/optimizer.pt"))));
}

TEST(OptimizerFile, OfAnotherModelIsRefusedByName) {
  const TempDir folder;
  torch::nn::Linear small(3, 2);
  save_optimizer(*trained(small), rates(), folder / "optimizer.pt");
  torch::nn::Linear wide(3, 5);
  const auto optimizer = make_adamw(*wide, {});
  try {
    load_optimizer(*optimizer, decay_groups(*wide), folder / "optimizer.pt");
    FAIL() << "nothing was thrown";
  } catch (const CheckpointError& error) {
    EXPECT_NE(std::string(error.what())
                  .find("'exp_avg' of parameter 'weight' has another shape than the parameter"),
              std::string::npos)
        << error.what();
  }
  torch::nn::Sequential deep(torch::nn::Linear(3, 2), torch::nn::Linear(2, 2));
  EXPECT_THROW(load_optimizer(*make_adamw(*deep, {}), decay_groups(*deep), folder / "optimizer.pt"),
               CheckpointError);
}

TEST(OptimizerFile, CutAnywhereIsRefused) {
  const TempDir folder;
  torch::nn::Linear net(3, 2);
  save_optimizer(*trained(net), rates(), folder / "optimizer.pt");
  const std::string bytes = read_file(folder / "optimizer.pt");
  for (std::size_t length = 0; length < bytes.size(); length += 97) {
    SCOPED_TRACE(length);
    write_file_atomically(folder / "cut.pt", bytes.substr(0, length));
    EXPECT_THROW(load_optimizer(*make_adamw(*net, {}), decay_groups(*net), folder / "cut.pt"),
                 CheckpointError);
  }
}

TEST(SchedulerFile, ComesBackAndReadsPythons) {
  const TempDir folder;
  save_scheduler(rates(), folder / "scheduler.pt");
  const SchedulerState again = load_scheduler(folder / "scheduler.pt");
  EXPECT_EQ(again.base_rates, rates().base_rates);
  EXPECT_EQ(again.last_rates, rates().last_rates);
  EXPECT_EQ(again.last_epoch, 2);

  const SchedulerState python = load_scheduler(golden_path("trainer/scheduler.pt"));
  EXPECT_EQ(python.last_epoch, 2);
  EXPECT_EQ(python.base_rates, (std::vector<double>{0.01, 0.01}));
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
