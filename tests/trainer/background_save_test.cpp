// SaveMode::async: another thread writes checkpoints, bit for bit those of SaveMode::sync.
#include "support/local_hub.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/torchhub.h"
#include "trainer/short_run.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using Files = std::map<std::string, std::string>;

/// With 10 MB of weights, so that writing outlasts an update; a buffer that each forward pass
/// changes; and weights under two names.
class WideModelForImageClassification final : public PreTrainedModel {
 public:
  explicit WideModelForImageClassification(const testing::TinyConfig& config)
      : PreTrainedModel(config),
        in_(register_module("in", torch::nn::Linear(config.features, 1600))),
        norm_(register_module("norm", torch::nn::BatchNorm1d(1600))),
        wide_(register_module("wide", torch::nn::Linear(1600, 1600))),
        again_(register_parameter("again", wide_->weight)),
        out_(register_module("out", torch::nn::Linear(1600, config.classes))) {}
  std::string class_name() const override { return "WideModelForImageClassification"; }

  ModelOutput forward(const Batch& batch) override {
    torch::Tensor x = torch::relu(norm_->forward(in_->forward(batch.at("pixel_values"))));
    x = torch::relu(torch::nn::functional::linear(torch::relu(wide_->forward(x)), again_));
    ModelOutput output{.logits = out_->forward(torch::dropout(x, 0.1, is_training()))};
    output.loss = torch::nn::functional::cross_entropy(output.logits, batch.at("labels"));
    return output;
  }

 private:
  torch::nn::Linear in_;
  torch::nn::BatchNorm1d norm_;
  torch::nn::Linear wide_;
  torch::Tensor again_;
  torch::nn::Linear out_;
};

/// What each event of a save found.
class Witness final : public TrainerCallback {
 public:
  std::string name() const override { return "Witness"; }
  void on_save(const TrainerEvent& event, const fs::path&) override {
    events.push_back("save " + std::to_string(event.state.global_step));
  }
  void on_saved(const TrainerEvent&, const SavedCheckpoint& checkpoint) override {
    events.push_back("saved " + std::to_string(checkpoint.step));
    all_whole = all_whole && is_complete_checkpoint(checkpoint.folder) &&
                fs::exists(checkpoint.folder / "optimizer.pt");
    digests[checkpoint.step] = checkpoint.sha256;
  }
  void on_train_end(const TrainerEvent&) override { events.emplace_back("train_end"); }

  std::vector<std::string> events;
  std::map<std::int64_t, std::map<std::string, std::string>> digests;
  bool all_whole = true;
};

class BackgroundSave : public ::testing::Test {
 protected:
  TrainerOptions options(SaveMode mode = SaveMode::async) const {
    TrainerOptions options{.model = testing::tiny_model(),
                           .args = testing::short_run(folder_ / "out"),
                           .train_dataset = testing::tiny_dataset(16)};
    options.args.save_strategy = SaveStrategy::steps;
    options.args.save_steps = 1;
    options.save_mode = mode;
    return options;
  }

  Files files_of_run(TrainerOptions options) const {
    torch::manual_seed(7);
    options.model = std::make_shared<WideModelForImageClassification>(testing::TinyConfig());
    const fs::path out = options.args.output_dir;
    Trainer(std::move(options)).train();
    Files files;
    for (const auto& entry : fs::recursive_directory_iterator(out)) {
      if (!entry.is_regular_file()) continue;
      files[entry.path().lexically_relative(out).string()] = read_file(entry.path());
    }
    fs::remove_all(out);
    return files;
  }

  const TempDir folder_;
};

TEST_F(BackgroundSave, WritesTheSameBitsWhicheverThreadAndCopyItIs) {
  for (const OptimizerName optimizer :
       {OptimizerName::adamw_torch, OptimizerName::adamw_torch_fused, OptimizerName::sgd,
        OptimizerName::adafactor}) {
    SCOPED_TRACE(to_string(optimizer));
    TrainerOptions gate = options();
    gate.args.optim = optimizer;
    if (optimizer == OptimizerName::sgd) gate.args.optim_args = "momentum=0.9";
    TrainerOptions clone = gate;
    clone.save_copy = SaveCopy::clone;
    TrainerOptions sync = gate;
    sync.save_mode = SaveMode::sync;
    const Files expected = files_of_run(sync);
    EXPECT_EQ(expected.size(), 4U * 8U);
    for (const TrainerOptions& other : {gate, clone}) {
      const Files written = files_of_run(other);
      ASSERT_EQ(written.size(), expected.size());
      for (const auto& [name, bytes] : expected) {
        EXPECT_TRUE(written.at(name) == bytes) << name;
      }
    }
  }
}

TEST_F(BackgroundSave, TellsOfEachSaveOnceItsFolderIsWholeAndBeforeTheNext) {
  const auto witness = std::make_shared<Witness>();
  TrainerOptions o = options();
  o.callbacks = {witness};
  Trainer(std::move(o)).train();
  EXPECT_EQ(witness->events,
            (std::vector<std::string>{"save 1", "saved 1", "save 2", "saved 2", "save 3", "saved 3",
                                      "save 4", "saved 4", "train_end"}));
  EXPECT_TRUE(witness->all_whole);
}

/// As an embedding with max_norm does.
class ChangesItsWeights final : public testing::TinyModelForImageClassification {
 public:
  using TinyModelForImageClassification::TinyModelForImageClassification;
  ModelOutput forward(const Batch& batch) override {
    {
      const torch::NoGradGuard no_gradients;
      for (torch::Tensor& parameter : parameters()) parameter.mul_(0.99);
    }
    return TinyModelForImageClassification::forward(batch);
  }
};

TEST_F(BackgroundSave, GoesOnWhereTheModelItselfChangesWeights) {
  TrainerOptions o = options();
  testing::TinyConfig config;
  config.model_type = "tiny";
  o.model = std::make_shared<ChangesItsWeights>(config);
  Trainer trainer(std::move(o));
  EXPECT_EQ(trainer.train().global_step, trainer.state().max_steps);
  const auto saved = complete_checkpoints(folder_ / "out");
  EXPECT_FALSE(saved.empty());
  for (const auto& entry : fs::directory_iterator(folder_ / "out")) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".tmp")) << entry.path();
  }
}

TEST_F(BackgroundSave, KeepsTheNewestAndRotatesTheRest) {
  TrainerOptions o = options();
  o.args.save_total_limit = 2;
  Trainer(std::move(o)).train();
  EXPECT_EQ(complete_checkpoints(folder_ / "out"), (std::vector<std::int64_t>{3, 4}));
}

TEST_F(BackgroundSave, IsFinishedWhereTheRunFailsMeanwhile) {
  class Fails final : public TrainerCallback {
   public:
    std::string name() const override { return "Fails"; }
    void on_save(const TrainerEvent& event, const fs::path&) override {
      if (event.state.global_step == 2) throw Error("the user's own");
    }
  };
  TrainerOptions o = options();
  o.callbacks = {std::make_shared<Fails>()};
  EXPECT_EQ(testing::message_of<Error>([&] { Trainer(o).train(); }), "the user's own");
  EXPECT_EQ(complete_checkpoints(folder_ / "out"), (std::vector<std::int64_t>{1, 2}));
  for (const auto& entry : fs::directory_iterator(folder_ / "out")) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".tmp-")) << entry.path();
  }
}

TEST_F(BackgroundSave, LetsASaveModelOfOnesOwnReadAndChangeTheWeights) {
  class Halves final : public Trainer {
   public:
    using Trainer::Trainer;
    /// Saves half of each weight, and says what it has written.
    void save_model(const std::optional<fs::path>& folder = std::nullopt) override {
      const torch::NoGradGuard no_grad;
      for (torch::Tensor& parameter : model().parameters()) parameter.mul_(0.5);
      Trainer::save_model(folder);
      for (torch::Tensor& parameter : model().parameters()) parameter.mul_(2);
      write_file_atomically(*folder / "digest", sha256_hex_of_file(*folder / "model.safetensors"));
    }
  };
  Files expected;
  for (const SaveMode mode : {SaveMode::sync, SaveMode::async}) {
    TrainerOptions o = options(mode);
    Halves(std::move(o)).train();
    const fs::path last = folder_ / "out/checkpoint-4";
    const std::string weights = read_file(last / "model.safetensors");
    EXPECT_EQ(read_file(last / "digest"), sha256_hex(weights));
    if (expected.empty()) expected["weights"] = weights;
    EXPECT_TRUE(weights == expected["weights"]);
    fs::remove_all(folder_ / "out");
  }
  Trainer plain(options());
  plain.train();
  EXPECT_FALSE(read_file(folder_ / "out/checkpoint-4/model.safetensors") == expected["weights"]);
}

TEST_F(BackgroundSave, HasTheBestModelBackAtTheEnd) {
  TrainerOptions o = options();
  o.args.eval_strategy = IntervalStrategy::steps;
  o.args.eval_steps = 1;
  o.args.load_best_model_at_end = true;
  o.args.metric_for_best_model = "turn";
  o.eval_dataset = testing::tiny_dataset(8);
  o.compute_metrics = [turn = 0](const EvalPrediction&) mutable {
    Metrics metrics;
    metrics.set("turn", ++turn == 4 ? 9 : 1);  // the last: it is being written when it is loaded
    return metrics;
  };
  Trainer trainer(o);
  trainer.train();
  EXPECT_EQ(trainer.state().best_model_checkpoint, (folder_ / "out/checkpoint-4").string());
}

TEST_F(BackgroundSave, MakesTheDigestsForAPushInTheSamePass) {
  const testing::LocalHub hub;
  for (const bool pushes : {true, false}) {
    const auto witness = std::make_shared<Witness>();
    TrainerOptions o = options();
    o.callbacks = {witness};
    o.args.push_to_hub = pushes;
    o.hub = HubOptions{
        .endpoint = hub.base_url(), .token = hub.token(), .cache_dir = folder_ / "cache"};
    Trainer(std::move(o)).train();
    ASSERT_EQ(witness->digests.size(), 4U);
    for (const auto& [step, digests] : witness->digests) {
      EXPECT_EQ(digests.size(), pushes ? 2U : 0U);
      for (const auto& [name, sha256] : digests) {
        EXPECT_EQ(sha256, sha256_hex_of_file(folder_ / "out" / checkpoint_name(step) / name));
      }
    }
    fs::remove_all(folder_ / "out");
  }
}

}  // namespace
}  // namespace torchhub
