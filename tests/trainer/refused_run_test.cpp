// What a Trainer checks when it is made (transformers 5.12 `Trainer.__init__`), and what it
// settles.
#include "support/stream_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"
#include "trainer/hardware.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <cstdlib>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;
using Lines = std::vector<std::string>;

class RefusedRun : public ::testing::Test {
 protected:
  TrainerOptions options() const {
    return {.model = tiny_model(),
            .args = {.output_dir = folder_ / "out", .max_steps = 2, .disable_tqdm = true},
            .train_dataset = tiny_dataset(8)};
  }

  /// All that is wrong with it. Nothing may have been made on disk then.
  Lines problems_of(const TrainerOptions& o) const {
    fs::remove_all(folder_ / "out");
    try {
      const Trainer trainer(o);
    } catch (const InvalidArgumentError& error) {
      EXPECT_FALSE(fs::exists(folder_ / "out"));
      return error.problems();
    }
    return {};
  }

  TempDir folder_;
};

TEST_F(RefusedRun, NeedsAModelOrItsMakerButNotBoth) {
  TrainerOptions o = options();
  o.model_init = [] { return tiny_model(); };
  EXPECT_EQ(problems_of(o), Lines{"TrainerOptions::model and model_init are both set; set one."});
  o.model_init = {};
  o.model.reset();
  EXPECT_EQ(problems_of(o), Lines{"Neither TrainerOptions::model nor model_init is set; set one."});
}

TEST_F(RefusedRun, NamesHardwareThatIsNotThereAmongAllElse) {
  TrainerOptions o = options();
  o.args.fp16 = true;
  o.args.use_cpu = true;
  o.args.save_steps = 0;
  const Lines found = problems_of(o);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found.back(),
            "fp16 needs a GPU, and there is none, or use_cpu is true. Use bf16, or leave it off.");
}

TEST_F(RefusedRun, NamesTypesThatAnOlderGpuCannotComputeIn) {
  const auto found = [](const TrainingArguments& args, const Hardware& hardware) {
    return problems_of_hardware(args, {}, hardware).size();
  };
  const Hardware none{}, older{.gpus = 1}, ampere{.gpus = 1, .has_ampere = true};
  for (const TrainingArguments& args :
       {TrainingArguments{.bf16 = true}, TrainingArguments{.bf16_full_eval = true}}) {
    EXPECT_EQ(found(args, none), 0U) << "a CPU can";
    EXPECT_EQ(found(args, older), 1U);
    EXPECT_EQ(found(args, ampere), 0U);
  }
  const TrainingArguments tf32{.tf32 = true};
  EXPECT_EQ(found(tf32, none), 1U);
  EXPECT_EQ(found(tf32, older), 1U);
  EXPECT_EQ(found(tf32, ampere), 0U);
  EXPECT_EQ(found({.tf32 = true, .use_cpu = true}, ampere), 1U);
  EXPECT_EQ(found({.tf32 = false}, none), 0U);
}

TEST_F(RefusedRun, NamesWhatGpusNeedOfTheEnvironment) {
  TrainingArguments args;
  const ProcessEnvironment third{
      .rank = 2, .world_size = 3, .local_rank = 2, .local_world_size = 3};
  EXPECT_EQ(
      problems_of_hardware(args, third, {.gpus = 2}),
      Lines{"Process 2 of this host has no GPU of its own: there are 2. Start fewer processes, "
            "or set use_cpu to true."});
  EXPECT_EQ(problems_of_hardware(args, third, {.gpus = 3}), Lines{});
  args.full_determinism = true;
  ::unsetenv("CUDA_LAUNCH_BLOCKING");
  ::unsetenv("FLASH_ATTENTION_DETERMINISTIC");
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8", 1);
  const Lines found = problems_of_hardware(args, {}, {.gpus = 1});
  ::unsetenv("CUBLAS_WORKSPACE_CONFIG");
  EXPECT_EQ(found,
            Lines{"full_determinism needs CUDA_LAUNCH_BLOCKING=1 and "
                  "FLASH_ATTENTION_DETERMINISTIC=1 in the environment of the program. Set it "
                  "where that is started: CUDA reads it only then."});
  EXPECT_EQ(problems_of_hardware(args, {}, {.gpus = 0}), Lines{});
}

TEST_F(RefusedRun, NamesProcessingFilesThatCannotBeCopied) {
  write_file_atomically(folder_ / "a/tokenizer.json", "{}");
  write_file_atomically(folder_ / "b/tokenizer.json", "{}");
  TrainerOptions o = options();
  o.processing_files = {folder_ / "a/tokenizer.json", folder_ / "b/tokenizer.json",
                        folder_ / "vocab.txt"};
  EXPECT_EQ(problems_of(o),
            (Lines{"TrainerOptions::processing_files holds two files 'tokenizer.json'.",
                   "TrainerOptions::processing_files holds '" + (folder_ / "vocab.txt").string() +
                       "', which is no file."}));
}

TEST_F(RefusedRun, TakesOneKindOfEvaluationData) {
  TrainerOptions o = options();
  o.eval_dataset = tiny_dataset(4);
  o.eval_stream = std::make_shared<testing::StreamOf>(tiny_dataset(4));
  EXPECT_EQ(problems_of(o), Lines{"TrainerOptions::eval_stream is set beside eval_dataset, "
                                  "eval_datasets or eval_streams; set one."});
  o.eval_streams = {{"a", std::exchange(o.eval_stream, nullptr)}};
  EXPECT_EQ(problems_of(o), Lines{"TrainerOptions::eval_dataset is set beside eval_streams; put it "
                                  "into eval_datasets."});
}

TEST_F(RefusedRun, NeedsAnOptimizerOfTheModelThatIsTrained) {
  TrainerOptions o = options();
  o.optimizer = std::make_shared<torch::optim::SGD>(o.model->parameters(), 0.1);
  o.model.reset();
  o.model_init = [] { return tiny_model(); };
  EXPECT_EQ(problems_of(o),
            Lines{"TrainerOptions::optimizer and lr_scheduler cannot belong to the model that "
                  "model_init makes; set model, or override create_optimizer() and "
                  "create_scheduler()."});
  o.optimizer.reset();
  o.lr_scheduler = make_scheduler({.type = SchedulerType::constant});
  EXPECT_EQ(problems_of(o).size(), 1U);
}

TEST_F(RefusedRun, NeedsDataThatFitsTheStrategies) {
  TrainerOptions o = options();
  o.args.eval_strategy = IntervalStrategy::steps;
  EXPECT_EQ(problems_of(o),
            Lines{"eval_strategy is steps, but there is no eval_dataset or eval_stream; set one "
                  "or use eval_strategy no."});
  o.args.eval_strategy = IntervalStrategy::no;
  o.args.eval_on_start = true;
  EXPECT_EQ(problems_of(o), Lines{"eval_on_start is true, but there is no eval_dataset or "
                                  "eval_stream; set one or leave it false."});
  o.args.eval_strategy = IntervalStrategy::steps;
  o.eval_datasets = {{"small", tiny_dataset(4)}};
  EXPECT_EQ(problems_of(o), Lines{});
  o.args.save_strategy = SaveStrategy::best;
  EXPECT_EQ(problems_of(o),
            Lines{"save_strategy is best, but metric_for_best_model is unset; name the metric."});
}

TEST_F(RefusedRun, NamesDataThatCannotTrainAmongAllElse) {
  TrainerOptions o = options();
  o.args.save_steps = 0;
  o.train_dataset = tiny_dataset(0);
  Lines found = problems_of(o);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found.back(), "The training dataset has no samples.");
  o.train_dataset.reset();
  o.train_stream = std::make_shared<testing::StreamOf>(tiny_dataset(8), /*sized=*/false);
  o.args.max_steps = -1;
  found = problems_of(o);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found.back(), "The training data has no length, so max_steps must be set.");
}

TEST_F(RefusedRun, NeedsBatchMetricsExactlyWhereTheyAreAskedFor) {
  TrainerOptions o = options();
  o.args.batch_eval_metrics = true;
  EXPECT_EQ(problems_of(o),
            Lines{"batch_eval_metrics is true, but compute_batch_metrics is not set."});
  o.args.batch_eval_metrics = false;
  o.compute_batch_metrics = [](const EvalPrediction&, bool) { return Metrics(); };
  EXPECT_EQ(problems_of(o),
            Lines{"compute_batch_metrics is set, but batch_eval_metrics is false."});
}

TEST_F(RefusedRun, NamesALoggerAnOptimizerAndAScheduleThatCannotWork) {
  TrainerOptions o = options();
  o.args.report_to = {"wandb"};
  o.args.optim_args = "momentum";
  o.args.lr_scheduler_type = SchedulerType::cosine_with_min_lr;
  EXPECT_EQ(problems_of(o).size(), 3U);
}

constexpr const char* kCannotSave =
    "The state of this optimizer cannot be saved: torchhub knows LibTorch's Adam, AdamW, SGD, "
    "Adagrad and RMSprop and its own. Use one of these, or set save_only_model or save_strategy "
    "no.";

TEST_F(RefusedRun, NeedsAnOptimizerThatCheckpointsCanHold) {
  TrainerOptions o = options();
  o.optimizer = std::make_shared<torch::optim::LBFGS>(o.model->parameters());
  EXPECT_EQ(problems_of(o), Lines{kCannotSave});
  o.args.save_only_model = true;
  EXPECT_EQ(problems_of(o), Lines{});
  o.args.save_only_model = false;
  o.args.save_strategy = SaveStrategy::no;
  EXPECT_EQ(problems_of(o), Lines{});
  o.args.enable_jit_checkpoint = true;  // saves on SIGTERM
  EXPECT_EQ(problems_of(o), Lines{kCannotSave});
}

TEST_F(RefusedRun, SaysSoBeforeTheFirstUpdateWhereTheOptimizerIsMadeLate) {
  class OwnOptimizer final : public Trainer {
   public:
    using Trainer::Trainer;

   protected:
    std::shared_ptr<torch::optim::Optimizer> create_optimizer() override {
      return std::make_shared<torch::optim::LBFGS>(model().parameters());
    }
  };
  OwnOptimizer trainer(options());
  try {
    trainer.train();
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(), kCannotSave);
  }
  EXPECT_EQ(trainer.state().global_step, 0);
}

TEST_F(RefusedRun, SettlesArgumentsAsPythonDoes) {
  TrainerOptions o = options();
  o.args.use_cpu = true;
  o.args.eval_strategy = IntervalStrategy::epoch;
  o.eval_dataset = tiny_dataset(4);
  const Trainer trainer(o);
  EXPECT_TRUE(trainer.args().do_eval);
  EXPECT_FALSE(trainer.args().dataloader_pin_memory);
}

}  // namespace
}  // namespace torchhub
