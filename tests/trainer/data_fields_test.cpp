// Arguments that say which samples make a batch, and which of their columns are labels.
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <condition_variable>
#include <map>
#include <mutex>
#include <numeric>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;
using testing::tiny_model;
using Places = std::vector<std::int64_t>;

/// Samples that know their place, with two columns that could be their length.
class Texts final : public Dataset {
 public:
  std::int64_t size() const override { return 48; }
  Batch get(std::int64_t i) const override {
    {
      const std::lock_guard lock(mutex_);
      ++loaded_;
    }
    loaded_more_.notify_all();
    return {{"pixel_values", torch::full({6}, i)},
            {"labels", torch::tensor(i % 3)},
            {"place", torch::tensor(i)},
            {"input_ids", torch::zeros({1 + i * 7 % 13})},
            {"words", torch::tensor(1 + i * 5 % 11)}};
  }
  void wait_until_loaded(int samples) const {
    std::unique_lock lock(mutex_);
    loaded_more_.wait(lock, [&] { return loaded_ >= samples; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable loaded_more_;
  mutable int loaded_ = 0;
};

class DataFields : public ::testing::Test {
 protected:
  TrainingArguments arguments() const {
    return {.output_dir = folder_ / "out",
            .per_device_train_batch_size = 4,
            .num_train_epochs = 1,
            .disable_tqdm = true,
            .per_device_eval_batch_size = 4,
            .save_strategy = SaveStrategy::no};
  }

  /// A Trainer that keeps in places_ and sizes_ what its batches are made of.
  TrainerOptions watched(const TrainingArguments& args) {
    places_.clear();
    sizes_.clear();
    return {.model = tiny_model(),
            .args = args,
            .train_dataset = texts_,
            .eval_dataset = texts_,
            .data_collator = [this](const std::vector<Batch>& samples, std::uint64_t) {
              Batch batch;
              for (const char* name : {"pixel_values", "labels"}) {
                std::vector<torch::Tensor> column;
                for (const Batch& sample : samples) column.push_back(sample.at(name));
                batch[name] = torch::stack(column);
              }
              batch["pixel_values"] = batch["pixel_values"].to(torch::kFloat32);
              for (const Batch& sample : samples) {
                places_.push_back(sample.at("place").item<std::int64_t>());
              }
              sizes_.push_back(std::ssize(samples));
              return batch;
            }};
  }
  /// The order of the samples that a training takes.
  Places order(const TrainingArguments& args) {
    Trainer(watched(args)).train();
    return places_;
  }

  TempDir folder_;
  std::shared_ptr<const Texts> texts_ = std::make_shared<Texts>();
  Places places_;
  std::vector<std::int64_t> sizes_;
};

TEST_F(DataFields, GroupByLengthTakesTheLengthsOfTheColumnThatIsNamed) {
  TrainingArguments args = arguments();
  args.train_sampling_strategy = SamplingStrategy::group_by_length;
  args.gradient_accumulation_steps = 2;
  const auto grouped = [&](const char* column) {  // the samples of an update are alike
    return LengthGroupedSampler(lengths_of(*texts_, column), 4 * 2, args.seed).order(0);
  };
  EXPECT_EQ(order(args), grouped("no such column")) << "then input_ids are counted";
  args.length_column_name = "words";
  EXPECT_EQ(order(args), grouped("words"));
  EXPECT_NE(grouped("words"), grouped("no such column"));
}

TEST_F(DataFields, GroupByLengthGroupsAnEvaluationButNoPrediction) {
  TrainingArguments args = arguments();
  args.train_sampling_strategy = SamplingStrategy::group_by_length;
  args.length_column_name = "words";
  Trainer trainer(watched(args));
  trainer.evaluate();
  EXPECT_EQ(places_, LengthGroupedSampler(lengths_of(*texts_, "words"), 4, args.seed).order(0));
  places_.clear();
  trainer.predict(texts_);
  Places in_order(48);
  std::iota(in_order.begin(), in_order.end(), 0);
  EXPECT_EQ(places_, in_order);
}

TEST_F(DataFields, DataSeedOrdersTheSamplesAndSeedWhereItIsUnset) {
  TrainingArguments args = arguments();
  args.seed = 1;
  EXPECT_EQ(order(args), RandomSampler(48, 1).order(0));
  args.data_seed = 7;
  EXPECT_EQ(order(args), RandomSampler(48, 7).order(0));
}

TEST_F(DataFields, DropLastLeavesOutTheBatchThatIsNotFull) {
  TrainingArguments args = arguments();
  args.per_device_train_batch_size = 20;
  EXPECT_EQ(Trainer(watched(args)).train().global_step, 3);
  EXPECT_EQ(sizes_, (std::vector<std::int64_t>{20, 20, 8}));
  args.dataloader_drop_last = true;
  EXPECT_EQ(Trainer(watched(args)).train().global_step, 2);
  EXPECT_EQ(sizes_, (std::vector<std::int64_t>{20, 20}));
}

TEST_F(DataFields, PrefetchFactorIsHowManyBatchesAWorkerLoadsAhead) {
  class WaitForFive final : public TrainerCallback {
   public:
    explicit WaitForFive(std::shared_ptr<const Texts> texts) : texts_(std::move(texts)) {}
    std::string name() const override { return "WaitForFive"; }
    void on_step_begin(const TrainerEvent& event) override {
      // The batch that is trained on and five ahead: would hang if fewer were loaded.
      if (event.state.global_step == 0) texts_->wait_until_loaded((1 + 5) * 4);
    }

   private:
    std::shared_ptr<const Texts> texts_;
  };
  TrainingArguments args = arguments();
  args.dataloader_num_workers = 1;
  args.dataloader_prefetch_factor = 5;
  TrainerOptions options = watched(args);
  options.callbacks = {std::make_shared<WaitForFive>(texts_)};
  EXPECT_EQ(Trainer(std::move(options)).train().global_step, 12);
}

/// Reads each sample once, and keeps it.
class Keeping final : public Dataset {
 public:
  std::int64_t size() const override { return source_->size(); }
  Batch get(std::int64_t index) const override {
    const std::lock_guard lock(mutex_);
    const auto [sample, is_new] = kept_.try_emplace(index);
    if (is_new) sample->second = source_->get(index);
    reads_ += is_new ? 1 : 0;
    return sample->second;
  }
  int reads() const {
    const std::lock_guard lock(mutex_);
    return reads_;
  }

 private:
  std::shared_ptr<const Dataset> source_ = testing::tiny_dataset(16);
  mutable std::mutex mutex_;
  mutable std::map<std::int64_t, Batch> kept_;
  mutable int reads_ = 0;
};

// What it is for in Python, where workers are processes with datasets of their own: what these keep
// in an epoch is there in the next. Here threads share the dataset, so that it is so either way.
TEST_F(DataFields, WhatADatasetKeepsStaysWithPersistentWorkersAndWithout) {
  const TrainingArguments asked =
      training_arguments_from_json({{"dataloader_persistent_workers", true}});
  EXPECT_TRUE(asked.dataloader_persistent_workers);
  const auto model_after_two_epochs = [&](bool persistent) {
    const auto data = std::make_shared<Keeping>();
    const auto model = tiny_model();
    TrainingArguments args = arguments();
    args.num_train_epochs = 2;
    args.dataloader_num_workers = 2;
    args.dataloader_persistent_workers = persistent;
    Trainer({.model = model, .args = args, .train_dataset = data}).train();
    EXPECT_EQ(data->reads(), 16) << persistent;
    return model;
  };
  EXPECT_TRUE(testing::same_state(*model_after_two_epochs(false), *model_after_two_epochs(true)));
}

}  // namespace
}  // namespace torchhub
