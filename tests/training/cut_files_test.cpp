// The small files of a checkpoint, cut at every byte: always the named error, and nothing changed.
#include "support/golden.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/training/checkpoint.h"
#include "torchhub/training/state.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::golden;
using testing::golden_path;
using testing::message_of;
using testing::TempDir;

/// Takes byte after byte from the end of a copy of a golden file, and loads what is left.
template <typename Load>
void expect_refused_at_every_byte(const std::string& name, Load&& load, std::int64_t stride = 1) {
  const TempDir folder;
  const fs::path file = folder / fs::path(name).filename();
  fs::copy_file(golden_path(name), file);
  ASSERT_NO_THROW(load(file)) << name;
  for (auto length = static_cast<std::int64_t>(fs::file_size(file)) - 1; length >= 0;
       length -= stride) {
    fs::resize_file(file, static_cast<std::uintmax_t>(length));
    const std::string said = message_of<CheckpointError>([&] { load(file); });
    ASSERT_NE(said.find(file.string()), std::string::npos)
        << name << " of " << length << " bytes: " << said;
    ASSERT_NE(said.find("hoose another checkpoint"), std::string::npos) << said;
  }
}

TEST(CutFile, OfRandomStatesIsRefusedAndTheGeneratorGoesOn) {
  load_rng_state(golden_path("trainer/rng_state.pth"), std::nullopt);
  const torch::Tensor before = at::detail::getDefaultCPUGenerator().get_state();
  expect_refused_at_every_byte("trainer/rng_state.pth",
                               [](const fs::path& file) { load_rng_state(file, std::nullopt); });
  EXPECT_TRUE(torch::equal(at::detail::getDefaultCPUGenerator().get_state(), before));
}

// The same file by the same reader.
TEST(CutFile, OfPythonsRandomStatesIsRefused) {
  const PythonRngStates seeded = seeded_python_rng(1);
  expect_refused_at_every_byte(
      "trainer/rng_state.pth", [&](const fs::path& file) { python_rng_of(file, seeded); },
      /*stride=*/13);
}

/// The model whose optimizer the golden checkpoint holds.
struct CheckpointedModel : torch::nn::Module {
  CheckpointedModel() {
    register_module("first", torch::nn::Linear(3, 4));
    register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({4})));
    register_module("last", torch::nn::Linear(4, 2));
  }
};

TEST(CutFile, OfAnOptimizerIsRefusedAndTheOptimizerIsAsBefore) {
  const TempDir folder;
  CheckpointedModel model;
  const auto optimizer = make_optimizer(model, {.learning_rate = 0.5, .weight_decay = 0.25});
  const auto bytes_of = [&] {
    save_optimizer(*optimizer, {}, folder / "now.pt");
    return read_file(folder / "now.pt");
  };
  load_optimizer(*optimizer, model, golden_path("trainer/optimizer.pt"));
  const std::string before = bytes_of();
  expect_refused_at_every_byte("trainer/optimizer.pt", [&](const fs::path& file) {
    load_optimizer(*optimizer, model, file);
  });
  EXPECT_EQ(bytes_of(), before);
}

TEST(CutFile, OfAScheduleIsRefusedAndTheScheduleIsAsBefore) {
  struct Case {
    const char* file;
    ScheduleOptions options;
  };
  for (const auto& [file, options] :
       {Case{"trainer/scheduler.pt", {.warmup_steps = 1, .total_steps = 2, .base_rate = 0.01}},
        Case{"schedules/reduce_lr_on_plateau.pt",
             {.type = SchedulerType::reduce_lr_on_plateau, .base_rate = 0.1}},
        Case{"schedules/greedy.pt", {.type = SchedulerType::greedy, .base_rate = 0.1}}}) {
    const auto scheduler = make_scheduler(options);
    load_scheduler(*scheduler, golden_path(file));
    const pickle::Value before = scheduler->state();
    expect_refused_at_every_byte(file,
                                 [&](const fs::path& cut) { load_scheduler(*scheduler, cut); });
    EXPECT_EQ(scheduler->state(), before) << file;
  }
}

TEST(CutFile, OfAScalerIsRefusedAndTheScalerIsAsBefore) {
  GradScaler scaler;
  load_scaler(scaler, golden_path("optimizers/scaler.pt"));
  const GradScalerState before = scaler.state();
  expect_refused_at_every_byte("optimizers/scaler.pt",
                               [&](const fs::path& file) { load_scaler(scaler, file); });
  EXPECT_EQ(scaler.state(), before);
}

TEST(CutFile, OfTheStateIsRefused) {
  for (const char* name : {"trainer/trainer_state.json", "trainer/states/early_stopping.json",
                           "trainer/states/nested.json", "trainer/states/not_finite.json"}) {
    const std::string whole = golden(name);
    // The last byte is the end of the line: without it the text is still whole.
    for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
      ASSERT_THROW(trainer_state_from_json_text(whole.substr(0, length)), InvalidArgumentError)
          << name << " of " << length << " bytes";
    }
    EXPECT_NO_THROW(trainer_state_from_json_text(whole.substr(0, whole.size() - 1)));
  }
}

}  // namespace
}  // namespace torchhub
