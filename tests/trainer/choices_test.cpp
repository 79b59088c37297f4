// Arguments that change what a run does, one test each.
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"
#include "trainer/short_run.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <csignal>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

class Choices : public ::testing::Test {
 protected:
  TrainingArguments arguments() const { return testing::short_run(folder_ / "out"); }

  TempDir folder_;
};

TEST_F(Choices, EvalOnStartEvaluatesBeforeTheFirstUpdate) {
  TrainingArguments args = arguments();
  args.eval_on_start = true;
  Trainer trainer({.model = tiny_model(),
                   .args = args,
                   .train_dataset = tiny_dataset(16),
                   .eval_dataset = tiny_dataset(8)});
  trainer.train();
  const LogRow& first = trainer.state().log_history.at(0);
  EXPECT_TRUE(number_of(first, "eval_loss"));
  EXPECT_EQ(number_of(first, "step"), 0);
}

TEST_F(Choices, SaveOnlyModelLeavesOutWhatOnlyAResumeNeeds) {
  TrainingArguments args = arguments();
  args.save_strategy = SaveStrategy::steps;
  args.save_steps = 4;
  args.save_only_model = true;
  Trainer({.model = tiny_model(), .args = args, .train_dataset = tiny_dataset(16)}).train();
  const fs::path checkpoint = folder_ / "out/checkpoint-4";
  EXPECT_TRUE(fs::exists(checkpoint / "model.safetensors"));
  EXPECT_TRUE(fs::exists(checkpoint / "trainer_state.json"));
  for (const char* file : {"optimizer.pt", "scheduler.pt", "rng_state.pth"}) {
    EXPECT_FALSE(fs::exists(checkpoint / file)) << file;
  }
}

TEST_F(Choices, IgnoreDataSkipBeginsTheEpochAgain) {
  TrainingArguments args = arguments();  // 4 updates are one epoch
  args.save_strategy = SaveStrategy::steps;
  args.save_steps = 3;
  Trainer({.model = tiny_model(), .args = args, .train_dataset = tiny_dataset(16)}).train();
  class Watched final : public Trainer {
   public:
    using Trainer::Trainer;
    torch::Tensor first_batch;

   protected:
    at::Tensor training_step(const Batch& inputs, const UpdateExtent& update) override {
      first_batch = inputs.at("pixel_values").cpu();
      return Trainer::training_step(inputs, update);
    }
  };
  const std::vector<std::int64_t> order = RandomSampler(16, args.seed).order(0);
  const auto expect_at_step_4 = [&](bool ignore, std::int64_t first_sample, double epoch) {
    args.ignore_data_skip = ignore;
    args.save_strategy = SaveStrategy::no;
    Watched trainer({.model = tiny_model(), .args = args, .train_dataset = tiny_dataset(16)});
    trainer.train({.resume_from_checkpoint = (folder_ / "out/checkpoint-3").string()});
    EXPECT_EQ(number_of(trainer.state().log_history.at(3), "epoch"), epoch);
    const auto begin = order.begin() + first_sample;
    EXPECT_TRUE(torch::equal(
        trainer.first_batch,
        tiny_dataset(16)->get_batch(std::vector(begin, begin + 4))->at("pixel_values")));
  };
  expect_at_step_4(false, 12, 1.0);  // the last batch
  expect_at_step_4(true, 0, 0.25);   // the first
}

/// Its losses are these, whatever it learns.
class ToldLosses : public PreTrainedModel {
 public:
  ToldLosses(const testing::TinyConfig& config, std::vector<double> losses)
      : PreTrainedModel(config),
        losses_(std::move(losses)),
        weight_(register_parameter("weight", torch::ones({1}))) {}
  ModelOutput forward(const Batch&) override {
    return {.loss = (weight_ * 0).sum() + losses_.at(pass_++)};
  }

 private:
  std::vector<double> losses_;
  std::size_t pass_ = 0;
  torch::Tensor weight_;
};

// Golden: transformers 5.12.1 with the same losses and arguments.
TEST_F(Choices, NanInfFilterLogsTheMeanSoFarInItsPlace) {
  const auto logged = [&](bool filter, std::int64_t accumulation) {
    testing::TinyConfig config;
    config.model_type = "tiny";
    TrainingArguments args = arguments();
    args.logging_nan_inf_filter = filter;
    args.gradient_accumulation_steps = accumulation;
    args.max_steps = 8 / accumulation;
    args.logging_steps = 4 / static_cast<double>(accumulation);
    Trainer trainer({.model = std::make_shared<ToldLosses>(
                         config, std::vector<double>{2, NAN, 4, 8, INFINITY, 3, NAN, 1}),
                     .args = args,
                     .train_dataset = tiny_dataset(32)});
    const double mean = trainer.train().training_loss;
    const auto& history = trainer.state().log_history;
    return std::vector<double>{*number_of(history.at(0), "loss"), *number_of(history.at(1), "loss"),
                               mean};
  };
  EXPECT_EQ(logged(true, 1), (std::vector<double>{3.75, 1.25, 2.5}));
  EXPECT_EQ(logged(true, 2), (std::vector<double>{4, 1.375, 2.6875}));
  for (const double loss : logged(false, 1)) EXPECT_TRUE(std::isnan(loss));
}

TEST_F(Choices, StrictJsonIsForReadersThatKnowNoNaN) {
  TrainingArguments args = arguments();
  args.report_to = {"jsonl"};
  Trainer trainer({.model = tiny_model(),
                   .args = args,
                   .train_dataset = tiny_dataset(16),
                   .eval_dataset = tiny_dataset(8),
                   .compute_metrics =
                       [](const EvalPrediction&) {
                         return Metrics{{"odd", NAN}};
                       },
                   .strict_json = true});
  trainer.save_metrics("eval", trainer.evaluate());
  trainer.save_state();
  for (const char* file :
       {"eval_results.json", "all_results.json", "trainer_state.json", "log.jsonl"}) {
    EXPECT_TRUE(nlohmann::json::accept(read_file(folder_ / "out" / file))) << file;
  }
}

TEST_F(Choices, TheReportTellsHowLongSavesHeldTrainingUp) {
  TrainingArguments args = arguments();
  args.save_strategy = SaveStrategy::steps;
  args.save_steps = 2;
  const TrainOutput out =
      Trainer({.model = tiny_model(), .args = args, .train_dataset = tiny_dataset(16)}).train();
  EXPECT_EQ(out.saves, 2);
  EXPECT_GT(out.save_stall_seconds, 0);
  EXPECT_NE(out.full_report().find(
                fmt::format("save stall: {:.3f} s for 2 checkpoint(s)", out.save_stall_seconds)),
            std::string::npos)
      << out.full_report();
}

TEST_F(Choices, EvalDelayPutsOffEvaluations) {
  const auto steps_evaluated = [&](TrainingArguments args) {
    Trainer trainer({.model = tiny_model(),
                     .args = std::move(args),
                     .train_dataset = tiny_dataset(16),
                     .eval_dataset = tiny_dataset(8)});
    trainer.train();
    std::vector<double> steps;
    for (const LogRow& row : trainer.state().log_history) {
      if (number_of(row, "eval_loss")) steps.push_back(*number_of(row, "step"));
    }
    return steps;
  };
  TrainingArguments args = arguments();
  args.max_steps = 8;  // two epochs of four
  args.eval_strategy = IntervalStrategy::steps;
  args.eval_steps = 2;
  args.eval_delay = 5;
  EXPECT_EQ(steps_evaluated(args), (std::vector<double>{6, 8}));
  args.eval_strategy = IntervalStrategy::epoch;
  args.eval_delay = 2;
  EXPECT_EQ(steps_evaluated(args), std::vector<double>{8});
}

TEST_F(Choices, ModelInitMakesTheSameModelForEachTraining) {
  int made = 0;
  Trainer trainer({.model_init =
                       [&made] {
                         ++made;
                         testing::TinyConfig config;
                         config.model_type = "tiny";
                         return std::make_shared<testing::TinyModelForImageClassification>(config);
                       },
                   .args = arguments(),
                   .train_dataset = tiny_dataset(16)});
  const double first = trainer.train().training_loss;
  const double second = trainer.train().training_loss;
  EXPECT_EQ(first, second);
  EXPECT_EQ(made, 3);  // once for the Trainer, once for each training
  EXPECT_THROW(Trainer({.args = arguments(), .train_dataset = tiny_dataset(16)}),
               InvalidArgumentError);
}

TEST_F(Choices, SequentialSamplingTakesSamplesInTheirOrder) {
  std::vector<double> seen;
  TrainingArguments args = arguments();
  args.per_device_train_batch_size = 3;
  args.max_steps = 2;
  args.train_sampling_strategy = SamplingStrategy::sequential;
  const auto dataset = tiny_dataset(6);
  Trainer({.model = tiny_model(),
           .args = args,
           .train_dataset = dataset,
           .data_collator =
               [&](const std::vector<Batch>& samples, std::uint64_t seed) {
                 for (const Batch& sample : samples) {
                   seen.push_back(sample.at("pixel_values")[0].item<double>());
                 }
                 return default_data_collator(samples, seed);
               }})
      .train();
  ASSERT_EQ(seen.size(), 6U);
  for (std::int64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(seen[static_cast<std::size_t>(i)],
              dataset->get(i).at("pixel_values")[0].item<double>());
  }
}

/// Sends the signal at the end of an update.
class SignalAt final : public TrainerCallback {
 public:
  SignalAt(std::int64_t step, int number) : step_(step), number_(number) {}
  std::string name() const override { return "SignalAt"; }
  void on_step_begin(const TrainerEvent& event) override {
    if (event.state.global_step == step_) std::raise(number_);
  }

 private:
  std::int64_t step_;
  int number_;
};

TEST_F(Choices, ASignalSavesAtTheEndOfTheUpdateAndStops) {
  const auto listening = std::make_shared<JitCheckpointCallback>(
      JitCheckpointOptions{.grace_period = std::chrono::milliseconds(0), .signal_number = SIGUSR1});
  struct sigaction before {};
  ::sigaction(SIGUSR1, nullptr, &before);
  TrainingArguments args = arguments();
  args.max_steps = 50;
  Trainer trainer({.model = tiny_model(),
                   .args = args,
                   .train_dataset = tiny_dataset(16),
                   .callbacks = {listening, std::make_shared<SignalAt>(3, SIGUSR1)}});
  const TrainOutput out = trainer.train();
  EXPECT_EQ(out.global_step, 4);
  EXPECT_EQ(out.saves, 1) << "though the epoch ends there too";
  EXPECT_TRUE(listening->signalled());
  EXPECT_EQ(complete_checkpoints(folder_ / "out"), std::vector<std::int64_t>{4});
  struct sigaction after {};
  ::sigaction(SIGUSR1, nullptr, &after);
  EXPECT_EQ(after.sa_handler, before.sa_handler);  // the one before is back
}

/// Sends the signal when an update is over. A callback before it in the list has had its step_end
/// by then: after the last update of an epoch it sees the signal at epoch_end.
class SignalAfter final : public TrainerCallback {
 public:
  explicit SignalAfter(std::int64_t step) : step_(step) {}
  std::string name() const override { return "SignalAfter"; }
  void on_step_end(const TrainerEvent& event) override {
    if (event.state.global_step == step_) std::raise(SIGUSR1);
  }

 private:
  std::int64_t step_;
};

/// A run of up to three epochs of four updates that listens to SIGUSR1, and whose first evaluation
/// is the best.
class SignalledRun : public Choices {
 protected:
  TrainerOptions options(const std::string& name) const {
    TrainerOptions o{.model = tiny_model(),
                     .args = arguments(),
                     .train_dataset = tiny_dataset(16),
                     .eval_dataset = tiny_dataset(8)};
    o.args.output_dir = folder_ / name;
    o.args.max_steps = 12;
    o.args.eval_strategy = IntervalStrategy::steps;
    o.args.eval_steps = 1;
    o.args.save_strategy = SaveStrategy::best;
    o.args.metric_for_best_model = "score";
    o.compute_metrics = [next = 0.0](const EvalPrediction&) mutable {
      return Metrics{{"score", next--}};
    };
    return o;
  }

  /// Of the run `options`, which `sender` sends the signal.
  static TrainOutput stopped(TrainerOptions options, std::shared_ptr<TrainerCallback> sender) {
    options.callbacks = {
        std::make_shared<JitCheckpointCallback>(JitCheckpointOptions{
            .grace_period = std::chrono::milliseconds(0), .signal_number = SIGUSR1}),
        std::move(sender)};
    return Trainer(std::move(options)).train();
  }

  std::vector<std::int64_t> saved(const std::string& name) const {
    return complete_checkpoints(folder_ / name);
  }
};

// The evaluation took the save back, and the callback believed it done.
TEST_F(SignalledRun, SavesAStepThatIsNotTheBestToo) {
  const TrainOutput out = stopped(options("out"), std::make_shared<SignalAt>(5, SIGUSR1));
  EXPECT_EQ(out.global_step, 6);
  EXPECT_EQ(out.saves, 2);
  EXPECT_EQ(saved("out"), (std::vector<std::int64_t>{1, 6}));
  const TrainerOptions resumed = options("resumed");
  Trainer(resumed).train({.resume_from_checkpoint = (folder_ / "out/checkpoint-6").string()});
  const TrainerOptions straight = options("straight");
  Trainer(straight).train();
  EXPECT_TRUE(testing::same_state(*resumed.model, *straight.model)) << "saved within an epoch";
}

TEST_F(SignalledRun, SavesAtTheEndOfAnEpochThatIsNotTheBestToo) {
  TrainerOptions o = options("out");
  o.args.eval_strategy = IntervalStrategy::epoch;
  const TrainOutput out = stopped(std::move(o), std::make_shared<SignalAfter>(8));
  EXPECT_EQ(out.global_step, 8);
  EXPECT_EQ(saved("out"), (std::vector<std::int64_t>{4, 8}));
}

TEST_F(SignalledRun, SavesOnceThoughItsStepIsSavedAndEvaluatedAnyhow) {
  const auto expect_saves_at_2_and = [&](int step, const std::string& name,
                                         std::shared_ptr<TrainerCallback> sender) {
    SCOPED_TRACE(name);
    TrainerOptions o = options(name);
    o.args.save_strategy = SaveStrategy::steps;
    o.args.save_steps = 2;
    const TrainOutput out = stopped(std::move(o), std::move(sender));
    EXPECT_EQ(out.global_step, step);
    EXPECT_EQ(out.saves, 2);
    EXPECT_EQ(saved(name), (std::vector<std::int64_t>{2, step}));
  };
  expect_saves_at_2_and(3, "between", std::make_shared<SignalAt>(2, SIGUSR1));
  expect_saves_at_2_and(4, "due", std::make_shared<SignalAt>(3, SIGUSR1));
  expect_saves_at_2_and(4, "after", std::make_shared<SignalAfter>(4));
}

TEST_F(Choices, ARunThatThrowsGivesTheSignalBack) {
  class ThrowAt2 final : public TrainerCallback {
   public:
    std::string name() const override { return "ThrowAt2"; }
    void on_step_end(const TrainerEvent& event) override {
      if (event.state.global_step == 2) throw std::runtime_error("no more");
    }
  };
  const auto listening =
      std::make_shared<JitCheckpointCallback>(JitCheckpointOptions{.signal_number = SIGUSR1});
  struct sigaction before {};
  ::sigaction(SIGUSR1, nullptr, &before);
  Trainer trainer({.model = tiny_model(),
                   .args = arguments(),
                   .train_dataset = tiny_dataset(16),
                   .callbacks = {listening, std::make_shared<ThrowAt2>()}});
  EXPECT_THROW(trainer.train(), std::runtime_error);
  struct sigaction after {};
  ::sigaction(SIGUSR1, nullptr, &after);
  EXPECT_EQ(after.sa_handler, before.sa_handler);
}

TEST_F(Choices, TheLoggedLossCanHaveTheDecimalsOfTransformers4) {
  const auto first_loss = [&](bool round) {
    Trainer trainer({.model = tiny_model(),
                     .args = arguments(),
                     .train_dataset = tiny_dataset(16),
                     .round_logged_loss = round});
    trainer.train();
    return *number_of(trainer.state().log_history.at(0), "loss");
  };
  const double whole = first_loss(false);
  EXPECT_EQ(first_loss(true), std::round(whole * 1e4) / 1e4);
  EXPECT_NE(first_loss(true), whole);
}

TEST_F(Choices, ASignalWithinTheGracePeriodSavesNothing) {
  const auto listening = std::make_shared<JitCheckpointCallback>(
      JitCheckpointOptions{.grace_period = std::chrono::hours(1), .signal_number = SIGUSR1});
  Trainer trainer({.model = tiny_model(),
                   .args = arguments(),
                   .train_dataset = tiny_dataset(16),
                   .callbacks = {listening, std::make_shared<SignalAt>(1, SIGUSR1)}});
  EXPECT_EQ(trainer.train().global_step, 4);
  EXPECT_TRUE(complete_checkpoints(folder_ / "out").empty());
}

TEST_F(Choices, CallbacksCanBeAddedAndTakenOut) {
  Trainer trainer({.model = tiny_model(), .args = arguments(), .train_dataset = tiny_dataset(16)});
  const auto signal = std::make_shared<SignalAt>(-1, SIGUSR1);
  trainer.add_callback(signal);
  EXPECT_EQ(trainer.pop_callback("SignalAt"), signal);
  EXPECT_EQ(trainer.pop_callback("SignalAt"), nullptr);
}

}  // namespace
}  // namespace torchhub
