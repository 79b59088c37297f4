// TD-4: rotation may take a checkpoint that a push still reads; the push brings all of it.
#include "support/gate_transport.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <map>
#include <utility>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

using Gate = testing::GateTransport;
using Files = std::map<std::string, std::string>;

Files files_of(const fs::path& folder) {
  Files files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    files[entry.path().filename().string()] = read_file(entry.path());
  }
  return files;
}

/// Shuts the gate for the training, and opens it when rotation has done its work.
class OpenAfterRotation final : public TrainerCallback {
 public:
  OpenAfterRotation(std::shared_ptr<Gate> gate, fs::path output_dir)
      : gate_(std::move(gate)), output_dir_(std::move(output_dir)) {}
  std::string name() const override { return "OpenAfterRotation"; }
  void on_train_begin(const TrainerEvent&) override { gate_->set_shut(true); }
  void on_saved(const TrainerEvent&, const SavedCheckpoint& checkpoint) override {
    saved[checkpoint.folder.filename().string()] = files_of(checkpoint.folder);
  }
  void on_train_end(const TrainerEvent&) override {
    left = complete_checkpoints(output_dir_);
    gate_->set_shut(false);
  }

  std::map<std::string, Files> saved;  ///< By folder, as they were when they were saved.
  std::vector<std::int64_t> left;

 private:
  std::shared_ptr<Gate> gate_;
  fs::path output_dir_;
};

/// Shuts the gate and fails after the first save; in the run after that it opens it.
class FailsAfterASave final : public TrainerCallback {
 public:
  explicit FailsAfterASave(std::shared_ptr<Gate> gate) : gate_(std::move(gate)) {}
  std::string name() const override { return "FailsAfterASave"; }
  void on_train_begin(const TrainerEvent&) override { gate_->set_shut(saved.empty()); }
  void on_saved(const TrainerEvent&, const SavedCheckpoint& checkpoint) override {
    if (saved.empty()) saved = files_of(checkpoint.folder);
  }
  void on_save(const TrainerEvent& event, const fs::path&) override {
    if (event.state.global_step == 4 && !std::exchange(failed_, true)) {
      throw DatasetError("sample 17 is broken");  // by now the save before has been handed over
    }
  }

  Files saved;

 private:
  std::shared_ptr<Gate> gate_;
  bool failed_ = false;
};

class PushLease : public ::testing::Test {
 protected:
  Trainer trainer(std::int64_t max_steps, std::optional<std::int64_t> save_total_limit,
                  std::shared_ptr<TrainerCallback> watch) const {
    return Trainer({.model = tiny_model(),
                    .args = {.output_dir = folder_ / "tiny",
                             .max_steps = max_steps,
                             .disable_tqdm = true,
                             .save_steps = 2,
                             .save_total_limit = save_total_limit,
                             .push_to_hub = true,
                             .hub_strategy = HubStrategy::all_checkpoints},
                    .train_dataset = tiny_dataset(16),
                    .callbacks = {std::move(watch)},
                    .hub = hub_options_});
  }
  fs::path snapshot() const {
    return HubClient(hub_options_).snapshot_download({.id = RepoId::parse("demo/tiny")});
  }

  const TempDir folder_;
  const testing::LocalHub hub_;
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  const HubOptions hub_options_{.endpoint = hub_.base_url(),
                                .token = hub_.token(),
                                .cache_dir = folder_ / "cache",
                                .transport = gate_};
};

TEST_F(PushLease, OutlivesARunThatFailsAndTheStartOfTheNext) {
  const auto watch = std::make_shared<FailsAfterASave>(gate_);
  Trainer fails = trainer(4, std::nullopt, watch);
  EXPECT_THROW(fails.train(), DatasetError);
  EXPECT_TRUE(fails.train({.resume_from_checkpoint = "last"}).pushed_all());

  const fs::path pushed = snapshot();
  EXPECT_EQ(files_of(pushed / "checkpoint-2"), watch->saved);
  EXPECT_TRUE(fs::exists(pushed / "checkpoint-4"));
}

TEST_F(PushLease, BringsAllOfACheckpointThatRotationTookMeanwhile) {
  const auto watch = std::make_shared<OpenAfterRotation>(gate_, folder_ / "tiny");
  const TrainOutput output = trainer(6, 1, watch).train();
  EXPECT_TRUE(output.pushed_all());
  EXPECT_EQ(output.pushes.size(), 3U);
  EXPECT_EQ(watch->left, std::vector<std::int64_t>{6});  // gone before the first byte went up

  const fs::path pushed = snapshot();
  ASSERT_EQ(watch->saved.size(), 3U);
  for (const auto& [name, files] : watch->saved) {
    EXPECT_EQ(files.size(), 8U);
    EXPECT_EQ(files_of(pushed / name), files) << name;
  }
}

}  // namespace
}  // namespace torchhub
