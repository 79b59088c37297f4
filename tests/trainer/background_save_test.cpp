// SaveMode::async: another thread writes checkpoints, bit for bit those of SaveMode::sync.
#include "support/local_hub.h"
#include "support/logged_lines.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/torchhub.h"
#include "trainer/holds_the_writer.h"
#include "trainer/short_run.h"
#include "trainer/wide_model.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::HoldsTheWriter;
using testing::TempDir;
using testing::WideModelForImageClassification;
using Files = std::map<std::string, std::string>;

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
  void on_train_end(const TrainerEvent& event) override {
    events.emplace_back("train_end");
    weights_step = event.weights_step;
  }

  std::vector<std::string> events;
  std::map<std::int64_t, std::map<std::string, std::string>> digests;
  bool all_whole = true;
  std::optional<std::int64_t> weights_step;  ///< At the end.
};

/// What a run left, and what it says of itself.
struct Ran {
  Files files = {};
  TrainOutput output = {};
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

  Ran ran(TrainerOptions options, std::shared_ptr<PreTrainedModel> model) const {
    options.model = std::move(model);
    const fs::path out = options.args.output_dir;
    Ran ran{.output = Trainer(std::move(options)).train()};
    for (const auto& entry : fs::recursive_directory_iterator(out)) {
      if (!entry.is_regular_file()) continue;
      ran.files[entry.path().lexically_relative(out).string()] = read_file(entry.path());
    }
    fs::remove_all(out);
    return ran;
  }
  Ran ran(TrainerOptions options) const { return ran(std::move(options), testing::wide_model()); }

  const TempDir folder_;
};

void expect_same(const Files& written, const Files& expected) {
  ASSERT_EQ(written.size(), expected.size());
  for (const auto& [name, bytes] : expected) {
    ASSERT_TRUE(written.contains(name)) << name;
    EXPECT_TRUE(written.at(name) == bytes) << name;
  }
}

TEST_F(BackgroundSave, WritesTheSameBitsWhichWayItGetsAtThem) {
  const Files expected = ran(options(SaveMode::sync)).files;
  EXPECT_EQ(expected.size(), 4U * 8U);
  for (const SaveCopy copy : {SaveCopy::gate, SaveCopy::clone}) {
    TrainerOptions o = options();
    o.save_copy = copy;
    expect_same(ran(std::move(o)).files, expected);
  }
}

// Weights, moments and buffers: the writer sees none of them before the step has changed them.
TEST_F(BackgroundSave, WritesTheSameBitsWhereTheStepComesFirst) {
  const std::map<OptimizerName, std::size_t> moments{{OptimizerName::adamw_torch, 2},
                                                     {OptimizerName::adamw_torch_fused, 2},
                                                     {OptimizerName::sgd, 1},
                                                     {OptimizerName::adafactor, 0}};  // small ones
  for (const auto& [optimizer, copies] : moments) {
    SCOPED_TRACE(to_string(optimizer));
    TrainerOptions o = options(SaveMode::sync);
    o.args.optim = optimizer;
    if (optimizer == OptimizerName::sgd) o.args.optim_args = "momentum=0.9";
    const Files expected = ran(o).files;
    o.save_mode = SaveMode::async;
    o.callbacks = {std::make_shared<HoldsTheWriter>()};
    for (const SaveCopy copy : {SaveCopy::gate, SaveCopy::clone}) {
      o.save_copy = copy;
      const Ran held = ran(o);
      expect_same(held.files, expected);
      // No step comes after the last save: only SaveCopy::clone copies it all the same.
      const std::size_t saves = copy == SaveCopy::clone ? 4 : 3;
      EXPECT_GE(held.output.save_bytes_copied + held.output.save_bytes_copied_ahead,
                saves * (1 + copies) * WideModelForImageClassification::parameter_bytes());
    }
  }
}

TEST_F(BackgroundSave, WritesTheSameBitsWhereTheStepComesInTheMiddle) {
  const Files expected = ran(options(SaveMode::sync)).files;
  constexpr std::size_t kMega = 1'000'000;
  const std::size_t all = 3 * WideModelForImageClassification::parameter_bytes();
  for (const std::size_t written : {1 * kMega, 5 * kMega, 10 * kMega}) {
    SCOPED_TRACE(written);
    TrainerOptions o = options();
    o.callbacks = {std::make_shared<HoldsTheWriter>(written)};
    const Ran held = ran(std::move(o));
    expect_same(held.files, expected);
    EXPECT_GE(held.output.save_bytes_copied + held.output.save_bytes_copied_ahead,
              3 * (all - written - 2 * kMega));  // a piece is one MiB
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
  const auto model = [] {
    torch::manual_seed(7);
    testing::TinyConfig config;
    config.model_type = "tiny";
    return std::make_shared<ChangesItsWeights>(config);
  };
  Files expected = ran(options(SaveMode::sync), model()).files;
  std::erase_if(expected, [](const auto& file) { return file.first.starts_with("checkpoint-1/"); });
  EXPECT_EQ(expected.size(), 3U * 8U);

  const testing::LoggedLines logged(log::Level::error);
  const auto witness = std::make_shared<Witness>();
  TrainerOptions o = options();
  o.callbacks = {witness, std::make_shared<HoldsTheWriter>(0, 1)};
  const Ran changed = ran(std::move(o), model());
  EXPECT_EQ(changed.output.global_step, 4);
  expect_same(changed.files, expected);  // without the one that would be a mixture
  EXPECT_EQ(witness->events,
            (std::vector<std::string>{"save 1", "save 2", "saved 2", "save 3", "saved 3", "save 4",
                                      "saved 4", "train_end"}));
  EXPECT_EQ(logged.count("save_dropped"), 1);
  EXPECT_EQ(changed.output.saves, 3);
  EXPECT_EQ(changed.output.saves_dropped, 1);
  EXPECT_NE(changed.output.full_report().find("3 checkpoint(s), 1 more dropped"), std::string::npos)
      << changed.output.full_report();
}

/// Changes a weight at one event after the save of its step.
class ChangesAWeight final : public TrainerCallback {
 public:
  explicit ChangesAWeight(std::int64_t after) : after_(after) {}
  std::string name() const override { return "ChangesAWeight"; }
  void on_step_begin(const TrainerEvent& event) override { change(event); }
  void on_epoch_end(const TrainerEvent& event) override { change(event); }

 private:
  void change(const TrainerEvent& event) const {
    if (event.state.global_step != after_) return;
    const torch::NoGradGuard no_gradients;
    event.model.parameters().front().mul_(0.99);
  }
  std::int64_t after_;
};

TEST_F(BackgroundSave, IsMadeAgainAtTheNextChanceWhereItWasSpoiled) {
  for (const std::int64_t spoiled : {2, 4}) {  // after the last there is no next update
    SCOPED_TRACE(spoiled);
    TrainerOptions o = options();
    o.args.save_steps = 2;
    o.callbacks = {std::make_shared<ChangesAWeight>(spoiled),
                   std::make_shared<HoldsTheWriter>(0, spoiled)};
    Trainer trainer(std::move(o));
    const TrainOutput out = trainer.train();
    // That the second was spoiled may be known after the third update, or by the fourth's save.
    const std::vector<std::int64_t> saved_steps = complete_checkpoints(folder_ / "out");
    EXPECT_EQ(saved_steps.back(), 4);
    EXPECT_EQ(std::count(saved_steps.begin(), saved_steps.end(), 2), spoiled == 2 ? 0 : 1);
    EXPECT_EQ(out.saves, std::ssize(saved_steps));
    EXPECT_EQ(out.saves_dropped, 1);
    const auto saved = testing::tiny_model();
    saved->load_state(folder_ / "out/checkpoint-4");
    EXPECT_TRUE(testing::same_state(*saved, trainer.model()));
    fs::remove_all(folder_ / "out");
  }
}

/// Counts pushes that were begun and those that ended.
class CountsPushes final : public TrainerCallback {
 public:
  std::string name() const override { return "CountsPushes"; }
  void on_push_begin(const TrainerEvent&) override { ++begun; }
  void on_push_end(const TrainerEvent&, const PushOutcome&) override { ++ended; }
  int begun = 0;
  int ended = 0;
};

TEST_F(BackgroundSave, TellsThatAPushIsOverWhoseSaveWasDropped) {
  const testing::LocalHub hub;
  const auto counts = std::make_shared<CountsPushes>();
  TrainerOptions o = options();
  o.args.save_steps = 4;
  o.args.push_to_hub = true;
  o.hub =
      HubOptions{.endpoint = hub.base_url(), .token = hub.token(), .cache_dir = folder_ / "cache"};
  o.callbacks = {counts, std::make_shared<ChangesAWeight>(4),
                 std::make_shared<HoldsTheWriter>(0, 4)};
  const TrainOutput out = Trainer(std::move(o)).train();
  EXPECT_EQ(out.saves_dropped, 1);
  EXPECT_TRUE(out.pushed_all());
  EXPECT_EQ(counts->begun, 2);
  EXPECT_EQ(counts->ended, 2);
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
  for (const std::int64_t best : {2, 4}) {  // the last is being written when it is wanted
    SCOPED_TRACE(best);
    const auto witness = std::make_shared<Witness>();
    TrainerOptions o = options();
    o.model = testing::wide_model();
    o.callbacks = {witness, std::make_shared<HoldsTheWriter>()};
    o.args.eval_strategy = IntervalStrategy::steps;
    o.args.eval_steps = 1;
    o.args.load_best_model_at_end = true;
    o.args.metric_for_best_model = "turn";
    o.eval_dataset = testing::tiny_dataset(8);
    o.compute_metrics = [best, turn = 0](const EvalPrediction&) mutable {
      Metrics metrics;
      metrics.set("turn", ++turn == best ? 9 : 1);
      return metrics;
    };
    Trainer trainer(o);
    trainer.train();
    EXPECT_EQ(trainer.state().best_model_checkpoint,
              (folder_ / "out" / checkpoint_name(best)).string());
    EXPECT_EQ(witness->weights_step, best);  // it was there, and was loaded
    for (const std::int64_t step : {1, 2, 3, 4}) {
      const auto saved = testing::wide_model();
      saved->load_state(folder_ / "out" / checkpoint_name(step));
      EXPECT_EQ(testing::same_state(*saved, trainer.model()), step == best) << step;
    }
    fs::remove_all(folder_ / "out");
  }
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
