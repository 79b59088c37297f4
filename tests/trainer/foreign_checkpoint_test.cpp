// Checkpoints that hold what a run of ours would have written in another form: as transformers 4
// did, with the PyTorch of its time, or with the weights in shards. A run goes on from them bit for
// bit as from its own.
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"
#include "trainer/pickled_weights.h"
#include "trainer/resumable_run.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::arguments;
using testing::run;
using testing::same_state;
using testing::TempDir;
using testing::tiny_model;

/// A run whose every update is saved. Its epochs end at 4, 8 and 12.
class ForeignCheckpoint : public ::testing::Test {
 protected:
  ForeignCheckpoint() : straight_(run(arguments(folder_ / "straight", 1))) {}

  /// Of that step, to be changed.
  fs::path copy_of(std::int64_t step) const {
    const fs::path copy = folder_ / "copies" / checkpoint_name(step);
    fs::create_directories(copy.parent_path());
    fs::copy(folder_ / "straight" / checkpoint_name(step), copy);
    return copy;
  }

  /// @return the model at the end, after which the checkpoint is compared with the straight run's
  std::shared_ptr<PreTrainedModel> gone_on_from(const fs::path& checkpoint) const {
    fs::remove_all(folder_ / "resumed");
    const auto model = run(arguments(folder_ / "resumed", 100), checkpoint.string());
    EXPECT_TRUE(same_state(*straight_, *model));
    for (const char* file : {"model.safetensors", "optimizer.pt", "scheduler.pt"}) {
      EXPECT_EQ(read_file(folder_ / "resumed/checkpoint-12" / file),
                read_file(folder_ / "straight/checkpoint-12" / file))
          << file;
    }
    return model;
  }

  TempDir folder_;
  std::shared_ptr<PreTrainedModel> straight_;
};

/// Which files of a checkpoint the weights came from.
std::set<std::string> weight_files_of(const PreTrainedModel& model) {
  std::set<std::string> files;
  for (const auto& [name, file] : model.load_report().file_of_key) files.insert(file);
  return files;
}

pickle::Dict without(const pickle::Dict& dict, std::string_view left_out) {
  pickle::Dict rest;
  for (const auto& [key, value] : dict.items) {
    if (key != pickle::Value(left_out)) rest.set(key, value);
  }
  return rest;
}

/// transformers 4.37 with PyTorch 2.1, as torch.save and TrainerState.save_to_json wrote it.
void make_version_4(const fs::path& checkpoint) {
  testing::pickle_weights(checkpoint);

  const fs::path scheduler_file = checkpoint / "scheduler.pt";
  pickle::Dict scheduler = without(load_torch_file(scheduler_file).dict(), "_is_initial");
  scheduler.set("verbose", false);
  save_torch_file(scheduler_file, scheduler);

  const fs::path optimizer_file = checkpoint / "optimizer.pt";
  pickle::Dict optimizer = load_torch_file(optimizer_file).dict();
  pickle::List groups;
  for (const pickle::Value& group : optimizer.at("param_groups").items()) {
    groups.items.emplace_back(without(group.dict(), "decoupled_weight_decay"));
  }
  optimizer.set("param_groups", std::move(groups));
  save_torch_file(optimizer_file, optimizer);

  const fs::path state_file = checkpoint / "trainer_state.json";
  auto state = nlohmann::ordered_json::parse(read_file(state_file));
  for (const std::string key : {"best_global_step", "stateful_callbacks"}) state.erase(key);
  write_file_atomically(state_file, state.dump(2) + "\n");

  fs::remove(checkpoint / "torchhub_state.json");
  fs::remove(checkpoint / "training_args.json");
  write_file_atomically(checkpoint / "training_args.bin", "a pickle that is never read");
}

TEST_F(ForeignCheckpoint, OfTransformers4IsGoneOnFrom) {
  for (const std::int64_t step : {3, 4, 6}) {
    SCOPED_TRACE(step);
    const fs::path checkpoint = copy_of(step);
    make_version_4(checkpoint);
    ASSERT_FALSE(fs::exists(checkpoint / "model.safetensors"));
    ASSERT_NE(load_torch_file(checkpoint / "scheduler.pt").dict().find("verbose"), nullptr);
    EXPECT_EQ(weight_files_of(*gone_on_from(checkpoint)),
              std::set<std::string>{"pytorch_model.bin"});
  }
}

TEST_F(ForeignCheckpoint, WithItsWeightsInShardsIsGoneOnFrom) {
  for (const std::int64_t step : {4, 6}) {
    SCOPED_TRACE(step);
    const fs::path checkpoint = copy_of(step);
    const auto model = tiny_model();
    model->load_state(checkpoint);
    model->save_pretrained(checkpoint, {.max_shard_size = 300});
    ASSERT_FALSE(fs::exists(checkpoint / "model.safetensors"));
    ASSERT_TRUE(fs::exists(checkpoint / "model.safetensors.index.json"));
    EXPECT_EQ(weight_files_of(*gone_on_from(checkpoint)),
              (std::set<std::string>{"model-00001-of-00002.safetensors",
                                     "model-00002-of-00002.safetensors"}));
  }
}

}  // namespace
}  // namespace torchhub
