#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace torchhub {
namespace {

using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;
using Names = std::vector<std::string>;

/// Writes down every event.
class Recorder final : public TrainerCallback {
 public:
  std::string name() const override { return "Recorder"; }
  void on_train_begin(const TrainerEvent&) override { events.emplace_back("train_begin"); }
  void on_train_end(const TrainerEvent&) override { events.emplace_back("train_end"); }
  void on_epoch_begin(const TrainerEvent&) override { events.emplace_back("epoch_begin"); }
  void on_epoch_end(const TrainerEvent&) override { events.emplace_back("epoch_end"); }
  void on_step_begin(const TrainerEvent&) override { events.emplace_back("step_begin"); }
  void on_substep_end(const TrainerEvent&) override { events.emplace_back("substep_end"); }
  void on_pre_optimizer_step(const TrainerEvent&) override {
    events.emplace_back("pre_optimizer_step");
  }
  void on_optimizer_step(const TrainerEvent&) override { events.emplace_back("optimizer_step"); }
  void on_step_end(const TrainerEvent&) override { events.emplace_back("step_end"); }
  void on_prediction_step(const TrainerEvent&) override { events.emplace_back("prediction_step"); }
  void on_evaluate(const TrainerEvent&, const Metrics&) override {
    events.emplace_back("evaluate");
  }
  void on_log(const TrainerEvent&, const LogRow& logs) override {
    events.emplace_back("log");
    rows.push_back(logs);
  }
  void on_save(const TrainerEvent&, const std::filesystem::path&) override {
    events.emplace_back("save");
  }
  void on_push_begin(const TrainerEvent&) override { events.emplace_back("push_begin"); }
  void on_exception(const TrainerEvent&, const std::exception& error) override {
    events.emplace_back(error.what());
  }

  Names events;
  std::vector<LogRow> rows;
};

Names keys(const LogRow& row) {
  Names names;
  for (const auto& [name, value] : row) names.push_back(name);
  return names;
}

// Golden: transformers 5.12.1 with the same arguments.
TEST(TrainerLoop, FiresPythonsEventsInPythonsOrder) {
  const TempDir folder;
  const auto recorder = std::make_shared<Recorder>();
  Trainer trainer({.model = tiny_model(),
                   .args = {.output_dir = folder / "out",
                            .per_device_train_batch_size = 4,
                            .num_train_epochs = 1,
                            .gradient_accumulation_steps = 2,
                            .logging_steps = 1,
                            .disable_tqdm = true,
                            .eval_strategy = IntervalStrategy::epoch,
                            .save_strategy = SaveStrategy::epoch},
                   .train_dataset = tiny_dataset(10),
                   .eval_dataset = tiny_dataset(10),
                   .callbacks = {recorder}});
  trainer.train();
  EXPECT_EQ(
      recorder->events,
      (Names{"train_begin",     "epoch_begin", "step_begin", "substep_end", "pre_optimizer_step",
             "optimizer_step",  "step_end",    "log",        "step_begin",  "pre_optimizer_step",
             "optimizer_step",  "step_end",    "log",        "epoch_end",   "prediction_step",
             "prediction_step", "log",         "evaluate",   "save",        "log",
             "train_end"}));
}

TEST(TrainerLoop, TellsCallbacksOnceThatTheTrainerIsMade) {
  class Begins final : public TrainerCallback {
   public:
    std::string name() const override { return "Begins"; }
    void on_init_end(const TrainerEvent& event) override {
      ++times;
      step = event.state.global_step;
      is_main = event.state.is_world_process_zero;
      max_steps = event.args.max_steps;
      model = &event.model;
    }
    int times = 0;
    std::int64_t step = -1;
    bool is_main = false;
    std::int64_t max_steps = 0;
    const torch::nn::Module* model = nullptr;
  };
  const TempDir folder;
  const auto begins = std::make_shared<Begins>();
  Trainer trainer({.model = tiny_model(),
                   .args = {.output_dir = folder / "out",
                            .max_steps = 2,
                            .disable_tqdm = true,
                            .save_strategy = SaveStrategy::no},
                   .train_dataset = tiny_dataset(16),
                   .callbacks = {begins}});
  EXPECT_EQ(begins->times, 1);
  EXPECT_EQ(begins->step, 0);
  EXPECT_TRUE(begins->is_main);
  EXPECT_EQ(begins->max_steps, 2);
  EXPECT_EQ(begins->model, &trainer.model());
  trainer.train();
  EXPECT_EQ(begins->times, 1);
}

TEST(TrainerLoop, LogsPythonsKeysInPythonsOrder) {
  const TempDir folder;
  const auto recorder = std::make_shared<Recorder>();
  Trainer trainer({.model = tiny_model(),
                   .args = {.output_dir = folder / "out",
                            .max_steps = 2,
                            .logging_steps = 2,
                            .disable_tqdm = true,
                            .eval_strategy = IntervalStrategy::steps,
                            .save_strategy = SaveStrategy::no},
                   .train_dataset = tiny_dataset(16),
                   .eval_dataset = tiny_dataset(10),
                   .compute_metrics = metrics::accuracy,
                   .callbacks = {recorder}});
  const TrainOutput out = trainer.train();
  ASSERT_EQ(recorder->rows.size(), 3U);
  EXPECT_EQ(keys(recorder->rows[0]), (Names{"loss", "grad_norm", "learning_rate", "epoch"}));
  EXPECT_EQ(keys(recorder->rows[1]),
            (Names{"eval_loss", "eval_accuracy", "eval_runtime", "eval_samples_per_second",
                   "eval_steps_per_second", "epoch"}));
  EXPECT_EQ(keys(recorder->rows[2]),
            (Names{"train_runtime", "train_samples_per_second", "train_steps_per_second",
                   "total_flos", "train_loss", "epoch"}));
  EXPECT_EQ(number_of(recorder->rows[0], "learning_rate"), 5e-5 / 2);  // used by the last update
  EXPECT_EQ(out.global_step, 2);
  EXPECT_EQ(trainer.state().log_history.size(), 3U);
}

/// Without batch statistics, so that the cut into batches changes nothing.
class LinearModel : public PreTrainedModel {
 public:
  explicit LinearModel(const testing::TinyConfig& config)
      : PreTrainedModel(config),
        linear_(register_module("linear", torch::nn::Linear(config.features, config.classes))) {}
  ModelOutput forward(const Batch& batch) override {
    ModelOutput output{.logits = linear_->forward(batch.at("pixel_values"))};
    output.loss = torch::nn::functional::cross_entropy(output.logits, batch.at("labels"));
    return output;
  }

 private:
  torch::nn::Linear linear_;
};

TEST(TrainerLoop, AccumulatesToTheGradientsOfOneLargeBatch) {
  const TempDir folder;
  const auto first_row = [&](std::int64_t batch, std::int64_t accumulation) {
    torch::manual_seed(4);
    testing::TinyConfig config;
    config.model_type = "tiny";
    Trainer trainer({.model = std::make_shared<LinearModel>(config),
                     .args = {.output_dir = folder / "out",
                              .per_device_train_batch_size = batch,
                              .max_steps = 1,
                              .gradient_accumulation_steps = accumulation,
                              .logging_steps = 1,
                              .disable_tqdm = true,
                              .save_strategy = SaveStrategy::no},
                     .train_dataset = tiny_dataset(8)});
    trainer.train();
    return trainer.state().log_history.at(0);
  };
  const LogRow whole = first_row(8, 1);
  const LogRow parts = first_row(2, 4);
  EXPECT_NEAR(*number_of(whole, "loss"), *number_of(parts, "loss"), 1e-6);
  EXPECT_NEAR(*number_of(whole, "grad_norm"), *number_of(parts, "grad_norm"), 1e-6);
}

TEST(TrainerLoop, LearnsWhatCanBeLearned) {
  const TempDir folder;
  Trainer trainer({.model = tiny_model(0.1),
                   .args = {.output_dir = folder / "out",
                            .per_device_train_batch_size = 16,
                            .max_steps = 300,
                            .learning_rate = 0.01,
                            .disable_tqdm = true,
                            .save_strategy = SaveStrategy::no},
                   .train_dataset = tiny_dataset(512),
                   .eval_dataset = tiny_dataset(200, 77),
                   .compute_metrics = metrics::accuracy});
  const double before = trainer.evaluate().at("eval_accuracy");
  trainer.train();
  EXPECT_GT(trainer.evaluate().at("eval_accuracy"), std::max(0.85, before));
}

TEST(TrainerLoop, WeighsTheEvaluationLossBySamples) {
  const TempDir folder;
  const auto loss_with = [&](std::int64_t batch_size) {
    Trainer trainer({.model = tiny_model(),
                     .args = {.output_dir = folder / "out",
                              .disable_tqdm = true,
                              .per_device_eval_batch_size = batch_size},
                     .eval_dataset = tiny_dataset(10)});
    return trainer.evaluate().at("eval_loss");
  };
  EXPECT_NEAR(loss_with(10), loss_with(4), 1e-6);
}

TEST(TrainerLoop, StopsWhereACallbackAsks) {
  class StopAt3 final : public TrainerCallback {
   public:
    std::string name() const override { return "StopAt3"; }
    void on_step_end(const TrainerEvent& event) override {
      if (event.state.global_step == 3) event.control.should_training_stop = true;
    }
  };
  const TempDir folder;
  Trainer trainer({.model = tiny_model(),
                   .args = {.output_dir = folder / "out",
                            .max_steps = 50,
                            .disable_tqdm = true,
                            .save_strategy = SaveStrategy::no},
                   .train_dataset = tiny_dataset(16),
                   .callbacks = {std::make_shared<StopAt3>()}});
  EXPECT_EQ(trainer.train().global_step, 3);
}

TEST(TrainerLoop, EndsWithWhatACallbackThrowsAndCanTrainAgain) {
  class ThrowOnceAt3 final : public TrainerCallback {
   public:
    std::string name() const override { return "ThrowOnceAt3"; }
    void on_step_end(const TrainerEvent& event) override {
      if (event.state.global_step == 3 && !std::exchange(thrown_, true)) {
        throw std::runtime_error("the robot fell over");
      }
    }

   private:
    bool thrown_ = false;
  };
  const TempDir folder;
  const auto recorder = std::make_shared<Recorder>();
  Trainer trainer({.model = tiny_model(),
                   .args = {.output_dir = folder / "out",
                            .max_steps = 5,
                            .disable_tqdm = true,
                            .save_strategy = SaveStrategy::no,
                            .dataloader_num_workers = 2},
                   .train_dataset = tiny_dataset(16),
                   .callbacks = {std::make_shared<ThrowOnceAt3>(), recorder}});
  EXPECT_EQ(testing::message_of<std::runtime_error>([&] { trainer.train(); }),
            "the robot fell over");
  EXPECT_EQ(Names(recorder->events.end() - 2, recorder->events.end()),
            (Names{"optimizer_step", "the robot fell over"}))
      << "no event after the error but the one that tells it";
  EXPECT_EQ(trainer.train().global_step, 5);
}

TEST(TrainerLoop, BeginsTheNextEpochAtItsFirstBatchWhenACallbackEndsOneEarly) {
  class EndEpochs final : public TrainerCallback {
   public:
    std::string name() const override { return "EndEpochs"; }
    void on_step_end(const TrainerEvent& event) override {
      event.control.should_epoch_stop = event.state.global_step % 2 == 0;
    }
    void on_epoch_begin(const TrainerEvent&) override { ++epochs; }
    int epochs = 0;
  };
  const TempDir folder;
  const auto ending = std::make_shared<EndEpochs>();
  Trainer trainer({.model = tiny_model(),
                   .args = {.output_dir = folder / "out",
                            .per_device_train_batch_size = 2,
                            .num_train_epochs = 3,
                            .disable_tqdm = true,
                            .save_strategy = SaveStrategy::no},
                   .train_dataset = tiny_dataset(16),
                   .callbacks = {ending}});
  EXPECT_EQ(trainer.train().global_step, 6);  // two of the eight updates of each epoch
  EXPECT_EQ(ending->epochs, 3);
}

TEST(JsonlLogCallback, WritesOneLineALog) {
  const TempDir folder;
  Trainer trainer({.model = tiny_model(),
                   .args = {.output_dir = folder / "out",
                            .max_steps = 3,
                            .logging_steps = 1,
                            .disable_tqdm = true,
                            .save_strategy = SaveStrategy::no},
                   .train_dataset = tiny_dataset(16),
                   .callbacks = {std::make_shared<JsonlLogCallback>(folder / "logs/run.jsonl")}});
  trainer.train();
  const std::string text = read_file(folder / "logs/run.jsonl");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  EXPECT_TRUE(text.starts_with("{\"loss\": ")) << text;
  EXPECT_NE(text.find("\"step\": 3, \"time\": \"20"), std::string::npos) << text;
}

}  // namespace
}  // namespace torchhub
