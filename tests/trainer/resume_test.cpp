#include "support/local_hub.h"
#include "support/stream_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"
#include "trainer/resumable_run.h"
#include "trainer/resume_source.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::arguments;
using testing::noisy_collator;
using testing::run;
using testing::same_state;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

TEST(Resume, EqualsARunThatNeverStoppedAtAnyStep) {
  const TempDir folder;
  const auto straight = run(arguments(folder / "straight", 1));
  for (std::int64_t step = 1; step < 12; ++step) {  // 4 and 8 are ends of epochs
    SCOPED_TRACE(step);
    const auto resumed = run(arguments(folder / ("resumed-" + std::to_string(step)), 100),
                             (folder / "straight" / checkpoint_name(step)).string());
    EXPECT_TRUE(same_state(*straight, *resumed));
  }
}

// An evaluation draws from the global generator, so one that is left out would show in the weights.
TEST(Resume, MakesUpForTheEndOfAnEpochThatTheCheckpointWasSavedBefore) {
  const TempDir folder;
  const auto trained = [&](const std::string& name, std::optional<std::string> resume) {
    TrainingArguments args = arguments(folder / name, 1);
    args.eval_strategy = IntervalStrategy::epoch;
    args.logging_strategy = IntervalStrategy::epoch;
    args.lr_scheduler_type = SchedulerType::reduce_lr_on_plateau;
    args.metric_for_best_model = "loss";
    auto trainer = std::make_unique<Trainer>(TrainerOptions{.model = tiny_model(),
                                                            .args = std::move(args),
                                                            .train_dataset = tiny_dataset(26),
                                                            .eval_dataset = tiny_dataset(8, 9),
                                                            .data_collator = noisy_collator});
    trainer->train({.resume_from_checkpoint = std::move(resume)});
    return trainer;
  };
  using Row = std::vector<std::optional<double>>;
  const auto logged = [](const Trainer& trainer) {
    std::vector<Row> rows;
    for (const LogRow& row : trainer.state().log_history) {
      if (number_of(row, "train_runtime")) continue;  // the summary
      rows.emplace_back();
      for (const char* key : {"loss", "grad_norm", "learning_rate", "eval_loss", "epoch", "step"}) {
        rows.back().push_back(number_of(row, key));
      }
    }
    return rows;
  };
  const auto straight = trained("straight", std::nullopt);
  ASSERT_EQ(logged(*straight).size(), 6U);    // a loss and an evaluation an epoch
  for (const int step : {3, 4, 8, 11, 12}) {  // 4, 8 and 12 are the last steps of epochs
    SCOPED_TRACE(step);
    const auto resumed = trained("resumed-" + std::to_string(step),
                                 (folder / "straight" / checkpoint_name(step)).string());
    EXPECT_TRUE(same_state(straight->model(), resumed->model()));
    EXPECT_EQ(logged(*resumed), logged(*straight));
    EXPECT_EQ(resumed->state().best_metric, straight->state().best_metric);
  }
}

TEST(Resume, CountsTheUpdatesThatAnotherTotalBatchLeaves) {
  const TempDir folder;
  TrainingArguments args = arguments(folder / "first", 1);  // 8 of 26 samples an update
  args.max_steps = -1;
  args.num_train_epochs = 1;
  run(args);
  for (const std::int64_t batch : {3, 5, 13}) {
    SCOPED_TRACE(batch);
    args.output_dir = folder / std::to_string(batch);
    args.per_device_train_batch_size = batch;
    Trainer trainer({.model = tiny_model(), .args = args, .train_dataset = tiny_dataset(26)});
    const std::int64_t last =
        trainer.train({.resume_from_checkpoint = (folder / "first/checkpoint-1").string()})
            .global_step;
    EXPECT_EQ(last, 1 + (18 + 2 * batch - 1) / (2 * batch));
    EXPECT_EQ(trainer.state().max_steps, last);
  }
}

TEST(Resume, GoesOnInAnEndlessStreamWhereMoreUpdatesAreAskedFor) {
  const TempDir folder;
  const auto trained = [&](const std::string& name, std::int64_t max_steps,
                           std::optional<std::string> resume) {
    TrainingArguments args = arguments(folder / name, 2);
    args.lr_scheduler_type = SchedulerType::constant;
    args.max_steps = max_steps;
    const auto model = tiny_model();
    Trainer trainer(
        {.model = model,
         .args = args,
         .train_stream = std::make_shared<testing::StreamOf>(tiny_dataset(400), /*sized=*/false)});
    trainer.train({.resume_from_checkpoint = std::move(resume)});
    return model;
  };
  const auto straight = trained("straight", 4, std::nullopt);
  trained("first", 2, std::nullopt);
  EXPECT_TRUE(
      same_state(*straight, *trained("second", 4, (folder / "first/checkpoint-2").string())));
}

TEST(Resume, GoesBackToTheEpochThatAStopCutShort) {
  /// Stops in the middle of the second epoch, of which the end is saved.
  class StopAt6 final : public TrainerCallback {
   public:
    std::string name() const override { return "StopAt6"; }
    void on_step_end(const TrainerEvent& event) override {
      if (event.state.global_step == 6) event.control.should_training_stop = true;
    }
  };
  const TempDir folder;
  const auto straight = run(arguments(folder / "straight", 100));
  TrainingArguments args = arguments(folder / "out", 100);
  args.save_strategy = SaveStrategy::epoch;
  Trainer stopped({.model = tiny_model(),
                   .args = args,
                   .train_dataset = tiny_dataset(26),
                   .data_collator = noisy_collator,
                   .callbacks = {std::make_shared<StopAt6>()}});
  stopped.train();
  const auto resumed = run(args, (folder / "out/checkpoint-6").string());
  EXPECT_TRUE(same_state(*straight, *resumed));
}

TEST(Resume, TakesTheLearningRateOfTheCheckpointOrIfAskedOfThisRun) {
  const TempDir folder;
  TrainingArguments args = arguments(folder / "straight", 4);
  args.lr_scheduler_type = SchedulerType::constant;
  run(args);
  args.output_dir = folder / "resumed";
  args.learning_rate = 0.002;  // 0.01 before
  for (const auto& [which, expected] : {std::pair{ResumedRates::of_checkpoint, 0.01},
                                        std::pair{ResumedRates::of_this_run, 0.002}}) {
    Trainer trainer({.model = tiny_model(),
                     .args = args,
                     .train_dataset = tiny_dataset(26),
                     .data_collator = noisy_collator});
    trainer.train({.resume_from_checkpoint = (folder / "straight/checkpoint-8").string(),
                   .resumed_rates = which});
    const auto& history = trainer.state().log_history;
    const LogRow& last_update = history.at(history.size() - 2);  // before the summary
    EXPECT_EQ(number_of(last_update, "learning_rate"), expected);
    EXPECT_EQ(number_of(history.at(7), "learning_rate"), 0.01) << "what the checkpoint logged";
  }
}

// Workers have loaded more than the run has trained on when a checkpoint is written.
TEST(Resume, DoesNotDependOnTheNumberOfWorkers) {
  const TempDir folder;
  const auto run_with = [&](int workers, const std::string& name,
                            std::optional<std::string> resume) {
    TrainingArguments args = arguments(folder / name, resume ? 100 : 2);
    args.dataloader_num_workers = workers;
    return run(std::move(args), std::move(resume));
  };
  const auto straight = run_with(0, "straight-0", std::nullopt);
  EXPECT_TRUE(same_state(*straight, *run_with(3, "straight-3", std::nullopt)));
  for (const char* saved : {"straight-0", "straight-3"}) {
    for (const std::int64_t step : {4, 6}) {  // the end of an epoch, and the middle of one
      for (const int workers : {0, 1, 3}) {
        const fs::path checkpoint = folder / saved / checkpoint_name(step);
        SCOPED_TRACE(checkpoint.string() + " with workers: " + std::to_string(workers));
        EXPECT_TRUE(same_state(*straight, *run_with(workers, "resumed", checkpoint.string())));
      }
    }
  }
}

/// Writes down which samples were asked for.
class RecordingDataset final : public Dataset {
 public:
  explicit RecordingDataset(std::int64_t size) : data_(tiny_dataset(size)) {}
  std::int64_t size() const override { return data_->size(); }
  Batch get(std::int64_t index) const override {
    asked->push_back(index);
    return data_->get(index);
  }
  std::shared_ptr<std::vector<std::int64_t>> asked = std::make_shared<std::vector<std::int64_t>>();

 private:
  std::shared_ptr<TensorDataset> data_;
};

TEST(Resume, WithAnotherBatchSizeGoesOnAtItsSample) {
  const TempDir folder;
  const auto samples = [&](TrainingArguments args, std::optional<std::string> resume) {
    const auto data = std::make_shared<RecordingDataset>(26);
    Trainer trainer({.model = tiny_model(), .args = std::move(args), .train_dataset = data});
    trainer.train({.resume_from_checkpoint = std::move(resume)});
    return *data->asked;
  };
  TrainingArguments first = arguments(folder / "first", 2);
  first.max_steps = 2;
  std::vector<std::int64_t> seen = samples(first, std::nullopt);
  ASSERT_EQ(seen.size(), 16U);
  TrainingArguments second = arguments(folder / "second", 100);
  second.per_device_train_batch_size = 5;
  second.max_steps = 3;  // one update of ten takes the samples that are left
  const auto rest = samples(second, (folder / "first/checkpoint-2").string());
  ASSERT_EQ(rest.size(), 10U);
  seen.insert(seen.end(), rest.begin(), rest.end());
  EXPECT_EQ(seen, RandomSampler(26, 42).order(0));
}

TEST(Resume, AfterAnEpochThatACallbackEndedBeginsTheNextOne) {
  class EndFirstEpoch final : public TrainerCallback {
   public:
    std::string name() const override { return "EndFirstEpoch"; }
    void on_step_end(const TrainerEvent& event) override {
      if (event.state.global_step == 2) event.control.should_epoch_stop = true;
    }
  };
  const TempDir folder;
  const auto run_ending = [&](const fs::path& out, std::optional<std::string> resume) {
    const auto model = tiny_model();
    Trainer trainer({.model = model,
                     .args = arguments(out, 2),
                     .train_dataset = tiny_dataset(26),
                     .callbacks = {std::make_shared<EndFirstEpoch>()}});
    trainer.train({.resume_from_checkpoint = std::move(resume)});
    return model;
  };
  const auto straight = run_ending(folder / "straight", std::nullopt);
  const auto resumed = run_ending(folder / "resumed", (folder / "straight/checkpoint-2").string());
  EXPECT_TRUE(same_state(*straight, *resumed));
}

/// The tiny dataset as a stream, which counts what was read rather than passed over.
class TinyStream final : public IterableDataset {
 public:
  explicit TinyStream(std::optional<std::int64_t> size) : size_(size) {}
  std::optional<std::int64_t> size() const override { return size_; }
  std::unique_ptr<SampleStream> open(std::int64_t epoch) const override {
    class Stream final : public SampleStream {
     public:
      Stream(std::int64_t epoch, std::int64_t& reads)
          : data_(tiny_dataset(26, static_cast<std::uint64_t>(epoch))), reads_(reads) {}
      std::optional<Batch> next() override {
        if (place_ >= data_->size()) return std::nullopt;
        ++reads_;
        return data_->get(place_++);
      }
      std::int64_t skip(std::int64_t samples) override {
        const std::int64_t passed = std::min(samples, data_->size() - place_);
        place_ += passed;
        return passed;
      }

     private:
      std::shared_ptr<TensorDataset> data_;
      std::int64_t& reads_;
      std::int64_t place_ = 0;
    };
    return std::make_unique<Stream>(epoch, *reads);
  }
  std::shared_ptr<std::int64_t> reads = std::make_shared<std::int64_t>(0);

 private:
  std::optional<std::int64_t> size_;
};

TEST(Resume, OfAStreamEqualsARunThatNeverStoppedAndReadsNothingTwice) {
  for (const auto size : {std::optional<std::int64_t>(26), std::optional<std::int64_t>()}) {
    SCOPED_TRACE(size.has_value());
    const TempDir folder;
    const auto run_stream = [&](const fs::path& out, std::optional<std::string> resume) {
      const auto model = tiny_model();
      const auto stream = std::make_shared<TinyStream>(size);
      Trainer trainer({.model = model, .args = arguments(out, 1), .train_stream = stream});
      EXPECT_EQ(trainer.train({.resume_from_checkpoint = std::move(resume)}).global_step, 12);
      return std::pair(model, *stream->reads);
    };
    const auto [straight, all] = run_stream(folder / "straight", std::nullopt);
    EXPECT_EQ(all, 3 * 26);  // four updates an epoch
    for (const std::int64_t step : {3, 4, 6}) {
      SCOPED_TRACE(step);
      const auto [resumed, reads] =
          run_stream(folder / "resumed", (folder / "straight" / checkpoint_name(step)).string());
      EXPECT_TRUE(same_state(*straight, *resumed));
      EXPECT_EQ(reads, all - (step / 4 * 26 + step % 4 * 8));
    }
  }
}

TEST(Resume, OfAStreamWithoutASizeNeedsMaxSteps) {
  const TempDir folder;
  TrainingArguments args = arguments(folder / "out", 1);
  args.max_steps = -1;
  EXPECT_THROW(Trainer({.model = tiny_model(),
                        .args = args,
                        .train_stream = std::make_shared<TinyStream>(std::nullopt)}),
               InvalidArgumentError);
}

TEST(Resume, KeepsTheHistoryAndTheMeanLoss) {
  const TempDir folder;
  const auto history = [&](std::optional<std::string> resume) {
    Trainer trainer({.model = tiny_model(),
                     .args = arguments(folder / "out", 5),
                     .train_dataset = tiny_dataset(26)});
    const TrainOutput out = trainer.train({.resume_from_checkpoint = std::move(resume)});
    return std::pair(trainer.state().log_history, out.training_loss);
  };
  const auto [straight, straight_loss] = history(std::nullopt);
  const auto [resumed, resumed_loss] = history((folder / "out/checkpoint-5").string());
  ASSERT_EQ(straight.size(), resumed.size());
  for (std::size_t i = 0; i + 1 < straight.size(); ++i) {  // the last one holds times
    for (const char* key : {"loss", "grad_norm", "learning_rate", "epoch", "step"}) {
      EXPECT_EQ(number_of(straight[i], key), number_of(resumed[i], key)) << i << ' ' << key;
    }
  }
  EXPECT_DOUBLE_EQ(straight_loss, resumed_loss);
}

TEST(Resume, GoesOnWhenRotationTakesTheCheckpointItCameFrom) {
  const TempDir folder;
  const auto straight = run(arguments(folder / "straight", 100));
  TrainingArguments args = arguments(folder / "out", 3);
  args.save_total_limit = 1;
  run(arguments(folder / "out", 3));
  for (const int step : {6, 9, 12}) fs::remove_all(folder / "out" / checkpoint_name(step));
  EXPECT_TRUE(same_state(*straight, *run(args, "last")));
  EXPECT_EQ(complete_checkpoints(folder / "out"), std::vector<std::int64_t>{12});
}

TEST(Resume, TellsTheMeanLossOfTheUpdatesItCountedWherePythonWroteTheCheckpoint) {
  const TempDir folder;
  TrainingArguments args = arguments(folder / "out", 10);
  args.learning_rate = 1e-9;  // every update has about the same loss
  run(args);
  fs::remove(folder / "out/checkpoint-10/torchhub_state.json");
  Trainer trainer({.model = tiny_model(), .args = args, .train_dataset = tiny_dataset(26)});
  const double loss =
      trainer.train({.resume_from_checkpoint = (folder / "out/checkpoint-10").string()})
          .training_loss;
  EXPECT_GT(loss, 0.5);  // over all 12 updates it would be a sixth
}

TEST(Resume, TakesTheNewestWholeCheckpointForLast) {
  const TempDir folder;
  const auto straight = run(arguments(folder / "out", 5));
  fs::remove_all(folder / "out/checkpoint-12");
  fs::remove(folder / "out/checkpoint-10/trainer_state.json");  // as if its save had been cut short
  const auto resumed = run(arguments(folder / "out", 100), "last");
  EXPECT_TRUE(same_state(*straight, *resumed));
}

TEST(Resume, TakesATextWithARevisionForAPlaceOnTheHubThoughThereIsSuchAFolder) {
  const TempDir folder;
  fs::create_directories(folder / "demo/tiny/checkpoint-2");
  fs::create_directories(folder / "demo/tiny@main/checkpoint-2");
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  const auto meant_by = [](const std::string& source) {
    try {
      const auto hub = []() -> HubOptions { throw CheckpointError("on the Hub"); };
      return resolve_checkpoint(source, "out", hub).string();
    } catch (const CheckpointError& error) {
      return std::string(error.what());
    }
  };
  std::vector<std::string> meant;
  const std::vector<std::string> folders = {"demo/tiny/checkpoint-2",
                                            "./demo/tiny@main/checkpoint-2",
                                            (folder / "demo/tiny@main/checkpoint-2").string()};
  for (const std::string& each : folders) meant.push_back(meant_by(each));
  const std::string with_revision = meant_by("demo/tiny@main/checkpoint-2");
  const std::string of_a_user = meant_by("~/demo@main");
  fs::current_path(before);
  EXPECT_EQ(meant, folders);
  EXPECT_EQ(with_revision, "resuming from 'demo/tiny@main/checkpoint-2': on the Hub");
  EXPECT_TRUE(of_a_user.starts_with("The checkpoint folder '~/demo@main' does not exist."))
      << of_a_user;
}

TEST(Resume, FromThePinnedRevisionOfTheHubInAnEmptyFolder) {
  const TempDir folder;
  testing::LocalHub hub;
  const HubOptions options{
      .endpoint = hub.base_url(), .token = hub.token(), .cache_dir = folder / "cache"};
  TrainingArguments args = arguments(folder / "first", 5);
  args.push_to_hub = true;
  args.hub_model_id = "tiny";
  args.hub_strategy = HubStrategy::checkpoint;
  args.hub_always_push = true;
  const auto straight = run(args, std::nullopt, options);

  const HubClient client(options);
  std::string at_step_5;
  for (const GitCommit& commit : client.list_repo_commits({.id = RepoId::parse("demo/tiny")})) {
    if (commit.title == "Training in progress, step 5") at_step_5 = commit.id;
  }
  ASSERT_TRUE(is_commit_hash(at_step_5));
  const auto resumed = run(arguments(folder / "second", 100), "demo/tiny@" + at_step_5, options);
  EXPECT_TRUE(same_state(*straight, *resumed));
}

TEST(Resume, NamesWhatIsWrongWithACheckpoint) {
  const TempDir folder;
  run(arguments(folder / "out", 6));
  const fs::path good = folder / "out/checkpoint-6";
  const auto broken = [&](const std::string& file, const std::optional<std::string>& text) {
    fs::remove_all(folder / "bad");
    fs::copy(good, folder / "bad");
    fs::remove(folder / "bad" / file);
    if (text) write_file_atomically(folder / "bad" / file, *text);
    run(arguments(folder / "again", 100), (folder / "bad").string());
  };
  EXPECT_THROW(broken("trainer_state.json", std::nullopt), CheckpointError);
  EXPECT_THROW(broken("trainer_state.json", "{\"epoch\":"), CheckpointError);
  EXPECT_THROW(broken("trainer_state.json", R"({"epoch": 0.5, "global_step": -5})"),
               CheckpointError);
  EXPECT_THROW(broken("torchhub_state.json", "{"), CheckpointError);
  EXPECT_THROW(broken("torchhub_state.json", "[]"), CheckpointError);
  EXPECT_THROW(broken("torchhub_state.json", R"({"total_loss": "high"})"), CheckpointError);
  EXPECT_THROW(broken("optimizer.pt", "PK"), CheckpointError);
  EXPECT_THROW(broken("rng_state.pth", "PK"), CheckpointError);
  EXPECT_THROW(broken("model.safetensors", "short"), SafetensorsError);
  EXPECT_THROW(run(arguments(folder / "empty", 100), "last"), CheckpointError);
  EXPECT_THROW(run(arguments(folder / "empty", 100), "/no/such/folder"), CheckpointError);
}

}  // namespace
}  // namespace torchhub
