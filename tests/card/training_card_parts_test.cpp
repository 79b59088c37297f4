// The parts of a training's card one by one: keys, the sentence of origin, hyperparameters, tables.
#include "card/part_of_text.h"
#include "torchhub/card/front_matter.h"
#include "torchhub/card/training_card.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;
using testing::has;

std::string yaml_of(const TrainingCard& card, const ordered_json& log = ordered_json::array()) {
  return std::string(split_card(render(card, log)).yaml);
}

const ordered_json kAccuracy = {
    {{"loss", 0.5}, {"epoch", 1.0}, {"step", 10}},
    {{"eval_loss", 0.25}, {"eval_accuracy", 0.75}, {"epoch", 1.0}, {"step", 10}}};

TEST(TrainingCardKeys, AreThereOnlyWhereTheyAreKnown) {
  const std::string end = "tags:\n- generated_from_trainer\n";
  const std::string index = "model-index:\n- name: x\n  results: []";
  const auto with = [](const std::function<void(TrainingCard&)>& change) {
    TrainingCard card{.model_name = "x"};
    change(card);
    return yaml_of(card);
  };
  const std::string begin = "library_name: torchhub\n";
  EXPECT_EQ(with([](TrainingCard&) {}), begin + end + index);
  EXPECT_EQ(with([](TrainingCard& card) { card.language = {"en"}; }),
            begin + "language:\n- en\n" + end + index);
  EXPECT_EQ(with([](TrainingCard& card) { card.license = "mit"; }),
            begin + "license: mit\n" + end + index);
  EXPECT_EQ(with([](TrainingCard& card) { card.base_model = "ana/base"; }),
            begin + "base_model: ana/base\n" + end + index);
  EXPECT_EQ(with([](TrainingCard& card) { card.tags = {"a"}; }),
            begin + "tags:\n- a\n- generated_from_trainer\n" + index);
  EXPECT_EQ(with([](TrainingCard& card) { card.datasets = {{.name = "A", .id = "ana/a"}}; }),
            begin + end + "datasets:\n- ana/a\n" + index);
  EXPECT_EQ(yaml_of({.model_name = "x"}, kAccuracy),
            begin + end + "metrics:\n- accuracy\n" + index);
}

TEST(TrainingCardKeys, AResultWithoutTaskDatasetOrMetricsIsNone) {
  TrainingCard card{.model_name = "x", .tasks = {"fill-mask"}};
  EXPECT_TRUE(yaml_of(card, kAccuracy).ends_with("  results: []"));
  card.datasets = {{.name = "A", .id = "ana/a"}};
  EXPECT_TRUE(yaml_of(card).ends_with("  results: []"));
  EXPECT_TRUE(has(yaml_of(card, kAccuracy), "  results:\n  - task:\n"));
  card.tasks = {};
  EXPECT_TRUE(yaml_of(card, kAccuracy).ends_with("  results: []"));
}

TEST(TrainingCardKeys, HoldNamesOfEveryLanguageAsTheyAre) {
  EXPECT_TRUE(has(yaml_of({.model_name = "Käse 日本 😀"}), "\n- name: Käse 日本 😀\n"));
}

TEST(TrainingCardOrigin, IsOneSentence) {
  const std::vector<std::string> data = {"an unknown dataset.", "the A dataset.",
                                         "the A and the B datasets.",
                                         "the A, the B and the C datasets."};
  TrainingCard card{.model_name = "x"};
  for (const std::string& words : data) {
    card.base_model.reset();
    EXPECT_TRUE(has(render(card, ordered_json::array()),
                    "\nThis model was trained from scratch on " + words + "\n"));
    card.base_model = "ana/base";
    EXPECT_TRUE(has(render(card, ordered_json::array()),
                    "\nThis model is a fine-tuned version of "
                    "[ana/base](https://huggingface.co/ana/base) on " +
                        words + "\n"));
    card.datasets.push_back(
        {.name = std::string(1, static_cast<char>('A' + card.datasets.size()))});
  }
}

TEST(TrainingCardOrigin, IsFollowedByHowFarTheRunIs) {
  TrainingCard card{.model_name = "x", .progress = CardProgress{.step = 20, .of = 300}};
  const std::string origin = "\nThis model was trained from scratch on an unknown dataset.\n";
  const std::string with_both = render(card, kAccuracy);
  EXPECT_TRUE(has(with_both, origin +
                                 "Training is in progress: these are the weights after update 20 "
                                 "of 300.\nIt achieves the following results"));
  EXPECT_TRUE(says_in_progress(with_both));
  card.progress->of.reset();
  EXPECT_TRUE(has(render(card, kAccuracy), "these are the weights after update 20.\nIt achieves"));
  EXPECT_TRUE(has(render_history(card, ordered_json::array()), "after update 20.\n"));
  card.progress.reset();
  EXPECT_FALSE(says_in_progress(render(card, kAccuracy)));
  // Words of a user elsewhere are none of ours.
  EXPECT_FALSE(
      says_in_progress(render(card, kAccuracy) + "\nTraining is in progress: it rains.\n"));
}

/// "name: value" of each line.
std::vector<std::string> lines_of(const std::function<void(CardHyperparameters&)>& change) {
  CardHyperparameters values;
  change(values);
  std::vector<std::string> lines;
  for (const CardLine& line : hyperparameter_lines(values)) {
    lines.push_back(line.name + ": " + line.value);
  }
  return lines;
}

TEST(HyperparameterLines, AreThoseOfEachSituation) {
  using Lines = std::vector<std::string>;
  const std::string adam =
      "optimizer: Use adamw_torch with betas=(0.9,0.999) and epsilon=1e-08 and "
      "optimizer_args=No additional optimizer arguments";
  const Lines one = {
      "learning_rate: 5e-05",      "train_batch_size: 8", "eval_batch_size: 8", "seed: 42", adam,
      "lr_scheduler_type: linear", "num_epochs: 3.0"};
  EXPECT_EQ(lines_of([](CardHyperparameters&) {}), one);
  const auto with = [&](std::size_t at, Lines more) {
    Lines lines = one;
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
    return lines;
  };
  EXPECT_EQ(lines_of([](CardHyperparameters& v) { v.num_devices = 2; }),
            with(4, {"distributed_type: multi-GPU", "num_devices: 2", "total_train_batch_size: 16",
                     "total_eval_batch_size: 16"}));
  EXPECT_EQ(lines_of([](CardHyperparameters& v) { v.gradient_accumulation_steps = 4; }),
            with(4, {"gradient_accumulation_steps: 4", "total_train_batch_size: 32"}));
  EXPECT_EQ(lines_of([](CardHyperparameters& v) { v.lr_scheduler_warmup_steps = 50; }),
            with(6, {"lr_scheduler_warmup_steps: 50"}));
  EXPECT_EQ(lines_of([](CardHyperparameters& v) { v.lr_scheduler_warmup_steps = 0.1; }),
            with(6, {"lr_scheduler_warmup_steps: 0.1"}));
  EXPECT_EQ(lines_of([](CardHyperparameters& v) { v.fp16 = true; }),
            with(7, {"mixed_precision_training: Native AMP"}));
  EXPECT_EQ(lines_of([](CardHyperparameters& v) { v.bf16 = true; }),
            with(7, {"mixed_precision_training: bf16"}));
  EXPECT_EQ(lines_of([](CardHyperparameters& v) { v.label_smoothing_factor = 0.1; }),
            with(7, {"label_smoothing_factor: 0.1"}));
  Lines steps = one;
  steps.back() = "training_steps: 600";
  EXPECT_EQ(lines_of([](CardHyperparameters& v) { v.training_steps = 600; }), steps);
  Lines whole = one;
  whole.back() = "num_epochs: 3";
  EXPECT_EQ(lines_of([](CardHyperparameters& v) { v.num_epochs = std::int64_t{3}; }), whole);
  Lines sgd = one;
  sgd[4] = "optimizer: Use sgd and the args are:\nNo additional optimizer arguments";
  EXPECT_EQ(lines_of([](CardHyperparameters& v) { v.optimizer = "sgd"; }), sgd);
}

TEST(TrainingCardTable, WithoutAnEvaluationIsNothing) {
  EXPECT_TRUE(has(render({.model_name = "x"}, {{{"loss", 0.5}, {"step", 1}}}),
                  "### Training results\n\n\n\n### Framework versions\n"));
}

TEST(TrainingCardTable, IsAsWideAsItsWidestCell) {
  const ordered_json log = {
      {{"eval_loss", 1.0}, {"eval_f1", 123456789}, {"epoch", 1.0}, {"step", 5}},
      {{"loss", 0.123456}, {"epoch", 1.5}, {"step", 7}},
      {{"eval_loss", 0.98765}, {"eval_f1", 2}, {"epoch", 2.0}, {"step", 10}}};
  EXPECT_TRUE(has(render({.model_name = "x"}, log),
                  "| Training Loss | Epoch | Step | Validation Loss | F1        |\n"
                  "|:-------------:|:-----:|:----:|:---------------:|:---------:|\n"
                  "| No log        | 1.0   | 5    | 1.0             | 123456789 |\n"
                  "| 0.1235        | 2.0   | 10   | 0.9877          | 2         |\n\n"))
      << render({.model_name = "x"}, log);
}

TEST(TrainingCardTable, TakesNoCountOfTokensForAMetric) {
  ordered_json log = kAccuracy;
  for (ordered_json& row : log) row["num_input_tokens_seen"] = 4096;
  const std::string text = render({.model_name = "x"}, log);
  EXPECT_TRUE(has(text, "- Accuracy: 0.75\n"));
  EXPECT_FALSE(has(text, "Tokens"));
  EXPECT_FALSE(has(text, "4096"));
}

}  // namespace
}  // namespace torchhub
