// What a class derived from Trainer may do otherwise, under Python's names, and what options
// replace.
#include "support/logged_values.h"
#include "support/stream_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"
#include "trainer/holds_the_writer.h"
#include "trainer/wide_model.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

class Overriding : public ::testing::Test {
 protected:
  TrainerOptions options() const {
    return {.model = tiny_model(),
            .args = {.output_dir = folder_ / "out",
                     .max_steps = 2,
                     .learning_rate = 0.5,
                     .weight_decay = 0.1,
                     .logging_steps = 1,
                     .disable_tqdm = true,
                     .save_strategy = SaveStrategy::no},
            .train_dataset = tiny_dataset(16),
            .eval_dataset = tiny_dataset(8)};
  }

  /// The learning rates of the updates that were made.
  static std::vector<double> rates(const Trainer& trainer) {
    return testing::logged_values(trainer.state().log_history, "learning_rate");
  }

  TempDir folder_;
};

TEST_F(Overriding, CreateSchedulerMakesTheSchedule) {
  class Halved final : public Trainer {
   public:
    using Trainer::Trainer;
    std::int64_t told_steps = 0;

   protected:
    std::shared_ptr<LrScheduler> create_scheduler(
        std::int64_t steps, const torch::optim::Optimizer& optimizer) override {
      told_steps = steps;
      std::vector<double> rates = learning_rates(optimizer);
      for (double& rate : rates) rate /= 2;
      return make_scheduler({.type = SchedulerType::constant}, rates);
    }
  };
  Halved trainer(options());
  trainer.train();
  EXPECT_EQ(trainer.told_steps, 2);
  EXPECT_EQ(rates(trainer), (std::vector<double>{0.25, 0.25}));
}

TEST_F(Overriding, ASchedulerOfTheUsersTakesThePlaceOfTheArguments) {
  TrainerOptions o = options();
  o.lr_scheduler = make_scheduler({.type = SchedulerType::linear, .total_steps = 4}, {0.4, 0.4});
  Trainer trainer(std::move(o));
  trainer.train();
  EXPECT_EQ(rates(trainer), (std::vector<double>{0.4, 0.4 * 0.75}));
}

TEST_F(Overriding, GetDecayParameterNamesSaysWhatDecays) {
  class OnlyFirst final : public Trainer {
   public:
    using Trainer::Trainer;

   protected:
    std::set<std::string> get_decay_parameter_names() const override { return {"first.weight"}; }
  };
  class Groups final : public TrainerCallback {
   public:
    std::string name() const override { return "Groups"; }
    void on_train_begin(const TrainerEvent& event) override {
      for (const auto& group : event.optimizer->param_groups()) {
        sizes.push_back(group.params().size());
      }
    }
    std::vector<std::size_t> sizes;
  };
  const auto groups = std::make_shared<Groups>();
  TrainerOptions o = options();
  o.callbacks = {groups};
  OnlyFirst(o).train();
  EXPECT_EQ(groups->sizes, (std::vector<std::size_t>{1, 5}));
}

TEST_F(Overriding, SamplersSayWhichSamplesAreReadAndInWhichOrder) {
  class Backwards final : public Sampler {
   public:
    explicit Backwards(std::int64_t size) : size_(size) {}
    std::int64_t size() const override { return size_; }
    std::vector<std::int64_t> order(std::int64_t /*epoch*/) const override {
      std::vector<std::int64_t> order;
      for (std::int64_t i = size_; i > 0; --i) order.push_back(i - 1);
      return order;
    }

   private:
    std::int64_t size_;
  };
  class Reordered final : public Trainer {
   public:
    using Trainer::Trainer;
    std::vector<float> trained, evaluated;

   protected:
    std::shared_ptr<const Sampler> get_train_sampler(const Dataset& dataset) override {
      return std::make_shared<Backwards>(dataset.size());
    }
    std::shared_ptr<const Sampler> get_eval_sampler(const Dataset& dataset) override {
      return std::make_shared<Backwards>(dataset.size());
    }
    at::Tensor training_step(const Batch& inputs, const UpdateExtent& update) override {
      trained.push_back(inputs.at("pixel_values")[0][0].item<float>());
      return Trainer::training_step(inputs, update);
    }
    ModelOutput prediction_step(const Batch& inputs) override {
      evaluated.push_back(inputs.at("pixel_values")[0][0].item<float>());
      return Trainer::prediction_step(inputs);
    }
  };
  TrainerOptions o = options();
  o.args.max_steps = 1;
  Reordered trainer(o);
  trainer.train();
  trainer.evaluate();
  const auto first = [](const Dataset& data, std::int64_t i) {
    return data.get(i).at("pixel_values")[0].item<float>();
  };
  EXPECT_EQ(trainer.trained, std::vector<float>{first(*o.train_dataset, 15)});
  EXPECT_EQ(trainer.evaluated, std::vector<float>{first(*o.eval_dataset, 7)});
}

TEST_F(Overriding, CreateOptimizerMakesTheOptimizer) {
  class Plain final : public Trainer {
   public:
    using Trainer::Trainer;

   protected:
    std::shared_ptr<torch::optim::Optimizer> create_optimizer() override {
      return std::make_shared<torch::optim::SGD>(model().parameters(), /*lr=*/0.125);
    }
  };
  Plain trainer(options());
  trainer.train();
  EXPECT_EQ(rates(trainer), (std::vector<double>{0.125, 0.0625}));
}

TEST_F(Overriding, TheBatchesSayHowLongARunIs) {
  /// Half of the samples, in batches of half the size.
  class Half final : public Trainer {
   public:
    using Trainer::Trainer;

   protected:
    DataLoader get_train_dataloader() override {
      return DataLoader(tiny_dataset(8), std::make_shared<RandomSampler>(8, 1), {},
                        {.batch_size = 2});
    }
  };
  TrainerOptions o = options();  // 16 samples
  o.args.max_steps = -1;
  o.args.num_train_epochs = 2;
  o.args.per_device_train_batch_size = 4;
  o.args.save_strategy = SaveStrategy::steps;
  o.args.save_steps = 3;
  Half trainer(o);
  EXPECT_EQ(trainer.train().global_step, 8);
  EXPECT_EQ(trainer.state().max_steps, 8);
  EXPECT_EQ(trainer.state().epoch, 2);
  EXPECT_EQ(rates(trainer).back(), 0.5 / 8);  // of a schedule of eight
  EXPECT_TRUE(fs::exists(folder_ / "out/checkpoint-8"));
  o.model = tiny_model();
  Half again(o);
  again.train({.resume_from_checkpoint = (folder_ / "out/checkpoint-3").string()});
  EXPECT_TRUE(testing::same_state(again.model(), trainer.model()));
}

TEST_F(Overriding, ASamplerOfHalfTheSamplesMakesHalfTheUpdates) {
  class Half final : public Trainer {
   public:
    using Trainer::Trainer;

   protected:
    std::shared_ptr<const Sampler> get_train_sampler(const Dataset& dataset) override {
      return std::make_shared<SequentialSampler>(dataset.size() / 2);
    }
  };
  TrainerOptions o = options();
  o.args.max_steps = -1;
  o.args.num_train_epochs = 3;
  o.args.per_device_train_batch_size = 4;
  EXPECT_EQ(Half(o).train().global_step, 6);
}

TEST_F(Overriding, LoadersOfEvaluationsAreAskedForOfSetsAndStreams) {
  /// One sample, whatever is evaluated.
  class One final : public Trainer {
   public:
    using Trainer::Trainer;

   protected:
    static DataLoader one() {
      return DataLoader(tiny_dataset(1), std::make_shared<SequentialSampler>(1), {}, {});
    }
    DataLoader get_eval_dataloader(std::shared_ptr<const Dataset>) override { return one(); }
    DataLoader get_eval_dataloader(std::shared_ptr<const IterableDataset>) override {
      return one();
    }
    DataLoader get_test_dataloader(std::shared_ptr<const Dataset>) override { return one(); }
    DataLoader get_test_dataloader(std::shared_ptr<const IterableDataset>) override {
      return one();
    }
  };
  One trainer(options());
  const auto stream = std::make_shared<testing::StreamOf>(tiny_dataset(8), true);
  EXPECT_EQ(trainer.predict(tiny_dataset(8)).predictions.size(0), 1);
  EXPECT_EQ(trainer.predict(stream).predictions.size(0), 1);
  const double loss = trainer.predict(tiny_dataset(1)).metrics.at("test_loss");
  EXPECT_EQ(trainer.evaluate().at("eval_loss"), loss);
  EXPECT_EQ(trainer.evaluate(stream).at("eval_loss"), loss);
}

TEST_F(Overriding, ARowOfOnesOwnSaysHowFarTheRunIs) {
  class Telling final : public Trainer {
   public:
    using Trainer::Trainer;

   protected:
    at::Tensor training_step(const Batch& inputs, const UpdateExtent& update) override {
      log({{"brightness", inputs.at("pixel_values").mean().item<double>()}});
      return Trainer::training_step(inputs, update);
    }
  };
  TrainerOptions o = options();
  o.args.include_num_input_tokens_seen = InputTokensSeen::all;
  Telling trainer(o);
  trainer.train();
  std::vector<std::string> keys;
  for (const auto& [key, value] : trainer.state().log_history.at(2)) keys.push_back(key);
  EXPECT_EQ(keys,
            (std::vector<std::string>{"brightness", "epoch", "num_input_tokens_seen", "step"}));
  EXPECT_EQ(number_of(trainer.state().log_history.at(2), "epoch"), 0.5);
}

TEST_F(Overriding, EvaluationLoopIsWhatEvaluateAndPredictRun) {
  class Counted final : public Trainer {
   public:
    using Trainer::Trainer;
    std::vector<std::string> prefixes;

   protected:
    PredictionOutput evaluation_loop(const DataLoader& loader,
                                     const EvaluationLoopOptions& options) override {
      prefixes.push_back(options.metric_key_prefix);
      PredictionOutput out = Trainer::evaluation_loop(loader, options);
      out.metrics.set(options.metric_key_prefix + "_batches", static_cast<double>(loader.size()));
      return out;
    }
  };
  Counted trainer(options());
  EXPECT_EQ(trainer.evaluate().at("eval_batches"), 1.0);
  EXPECT_TRUE(trainer.predict(tiny_dataset(8)).predictions.defined());
  EXPECT_EQ(trainer.prefixes, (std::vector<std::string>{"eval", "test"}));
}

TEST_F(Overriding, SaveModelWritesWhatCheckpointsHold) {
  class WithNotes final : public Trainer {
   public:
    using Trainer::Trainer;
    void save_model(const std::optional<fs::path>& folder) override {
      Trainer::save_model(folder);
      write_file_atomically(folder.value_or(args().output_dir) / "notes.txt", "mine");
    }
  };
  write_file_atomically(folder_ / "tokenizer.json", "{}");
  TrainerOptions o = options();
  o.args.save_strategy = SaveStrategy::steps;
  o.args.save_steps = 2;
  o.processing_files = {folder_ / "tokenizer.json"};
  WithNotes(o).train();
  EXPECT_EQ(read_file(folder_ / "out/checkpoint-2/notes.txt"), "mine");
  EXPECT_EQ(read_file(folder_ / "out/checkpoint-2/tokenizer.json"), "{}");
}

/// What was copied for saves that are written beside training.
template <typename MyTrainer>
std::size_t bytes_written_later(TrainerOptions options) {
  options.model = testing::wide_model();
  options.args.save_strategy = SaveStrategy::steps;
  options.args.save_steps = 1;
  options.args.save_only_model = true;
  options.save_copy = SaveCopy::clone;
  const TrainOutput output = MyTrainer(std::move(options)).train();
  EXPECT_EQ(output.saves, 2);
  return output.save_bytes_copied + output.save_bytes_copied_ahead;
}

TEST_F(Overriding, DefersWeightsSaysWhetherTheyAreWrittenBesideTraining) {
  class OfOnesOwn : public Trainer {
   public:
    using Trainer::Trainer;
  };
  class Deferring final : public OfOnesOwn {
   public:
    using OfOnesOwn::OfOnesOwn;
    bool defers_weights() const override { return true; }
  };
  EXPECT_EQ(bytes_written_later<OfOnesOwn>(options()), 0U);
  TrainerOptions held = options();  // else the writer may have read them before they are copied
  held.callbacks = {std::make_shared<testing::HoldsTheWriter>()};
  const std::size_t all = 2 * testing::WideModelForImageClassification::parameter_bytes();
  EXPECT_GE(bytes_written_later<Trainer>(held), all);
  EXPECT_GE(bytes_written_later<Deferring>(held), all);
}

TEST_F(Overriding, SmallHelpersOfPythonAreThere) {
  Trainer trainer(options());
  EXPECT_TRUE(trainer.is_world_process_zero());
  EXPECT_TRUE(trainer.is_local_process_zero());
  const DataLoader loader(tiny_dataset(10), std::make_shared<SequentialSampler>(10), {},
                          {.batch_size = 4, .drop_last = true});
  EXPECT_EQ(Trainer::num_examples(loader), 10);
  EXPECT_EQ(Trainer::metrics_format({{"train_runtime", 61.25}, {"total_flos", 3.0 * (1 << 30)}}),
            (std::vector<std::pair<std::string, std::string>>{{"train_runtime", "0:01:01.25"},
                                                              {"total_flos", "3GF"}}));
}

}  // namespace
}  // namespace torchhub
