// Arguments that say what a run reports, how loudly, with how many threads, and who of several
// hosts writes.
#include "base/cpu_topology.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "support/variable.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/torchhub.h"
#include "torchhub/training/threads.h"
#include "trainer/hardware.h"
#include "trainer/processes.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/optim/adamw.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;
using testing::Variable;

class RunFields : public ::testing::Test {
 protected:
  ~RunFields() override { log::set_level(level_); }

  TrainerOptions options() const {
    return {.model = tiny_model(),
            .args = {.output_dir = folder_ / "out",
                     .per_device_train_batch_size = 4,
                     .max_steps = 2,
                     .logging_steps = 1,
                     .disable_tqdm = true,
                     .save_strategy = SaveStrategy::no,
                     .use_cpu = true},
            .train_dataset = tiny_dataset(16)};
  }
  void train(const TrainingArguments& args) const {
    TrainerOptions o = options();
    o.args = args;
    Trainer(std::move(o)).train();
  }
  static int event_files(const fs::path& folder) {
    if (!fs::exists(folder)) return 0;
    int count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      count += entry.path().filename().string().starts_with("events.out.tfevents.") ? 1 : 0;
    }
    return count;
  }

  TempDir folder_;
  log::Level level_ = log::level();
};

/// Flags as they were when it goes.
class DeterminismGuard {
 public:
  ~DeterminismGuard() {
    at::globalContext().setDeterministicAlgorithms(false, false);
    at::globalContext().setDeterministicCuDNN(false);
    at::globalContext().setBenchmarkCuDNN(true);
  }
};

TEST_F(RunFields, FullDeterminismSetsLibTorchsFlags) {
  const DeterminismGuard guard;
  at::globalContext().setBenchmarkCuDNN(true);
  TrainerOptions o = options();
  o.args.full_determinism = true;
  const Trainer trainer(std::move(o));
  EXPECT_TRUE(at::globalContext().deterministicAlgorithms());
  EXPECT_FALSE(at::globalContext().deterministicAlgorithmsWarnOnly());
  EXPECT_TRUE(at::globalContext().deterministicCuDNN());
  EXPECT_FALSE(at::globalContext().benchmarkCuDNN());
}

/// Looks at the optimizer as training begins.
class AdamSettings final : public TrainerCallback {
 public:
  std::string name() const override { return "AdamSettings"; }
  void on_train_begin(const TrainerEvent& event) override {
    for (const auto& group : event.optimizer->param_groups()) {
      const auto& adam = static_cast<const torch::optim::AdamWOptions&>(group.options());
      betas.push_back(adam.betas());
      epsilons.push_back(adam.eps());
      decays.push_back(adam.weight_decay());
    }
  }
  std::vector<std::tuple<double, double>> betas;
  std::vector<double> epsilons, decays;
};

TEST_F(RunFields, AdamsSettingsReachTheOptimizer) {
  const auto seen = std::make_shared<AdamSettings>();
  TrainerOptions o = options();
  o.args.adam_beta1 = 0.5;
  o.args.adam_beta2 = 0.75;
  o.args.adam_epsilon = 1e-3;
  o.args.weight_decay = 0.25;
  o.callbacks = {seen};
  Trainer(std::move(o)).train();
  const std::tuple<double, double> betas{0.5, 0.75};
  EXPECT_EQ(seen->betas, (std::vector{betas, betas}));
  EXPECT_EQ(seen->epsilons, (std::vector<double>{1e-3, 1e-3}));
  EXPECT_EQ(seen->decays, (std::vector<double>{0.25, 0}));
}

TEST_F(RunFields, RunNameReachesALoggerOfTheUsers) {
  class Named final : public ExperimentLogger {
   public:
    std::string name() const override { return "named"; }
    void begin(const RunFacts& run) override { run_name = run.run_name; }
    void scalars(std::int64_t, const std::vector<LoggedScalar>&) override {}
    void text(std::string_view, std::int64_t, std::string_view) override {}
    void end() override {}
    std::string run_name;
  };
  for (const auto& given :
       {std::optional<std::string>("first try"), std::optional<std::string>()}) {
    const auto logger = std::make_shared<Named>();
    TrainerOptions o = options();
    o.args.run_name = given;
    o.callbacks = {std::make_shared<LoggingCallback>(logger)};
    Trainer(std::move(o)).train();
    EXPECT_EQ(logger->run_name, given.value_or("out"));
  }
}

TEST_F(RunFields, MemoryIsMeasuredAgainAfterARunThatThrew) {
  class ThrowOnce final : public TrainerCallback {
   public:
    std::string name() const override { return "ThrowOnce"; }
    void on_step_end(const TrainerEvent&) override {
      if (!std::exchange(thrown_, true)) throw std::runtime_error("once");
    }

   private:
    bool thrown_ = false;
  };
  TrainerOptions o = options();
  o.args.skip_memory_metrics = false;
  o.callbacks = {std::make_shared<ThrowOnce>()};
  Trainer trainer(std::move(o));
  EXPECT_THROW(trainer.train(), std::runtime_error);
  const Metrics metrics = trainer.train().metrics;
  EXPECT_TRUE(metrics.get("train_mem_cpu_alloc_delta"));
  EXPECT_TRUE(metrics.get("init_mem_cpu_alloc_delta"));
  EXPECT_TRUE(trainer.predict(tiny_dataset(4)).metrics.get("test_mem_cpu_peaked_delta"));
}

TEST_F(RunFields, SettingsWithoutEffectAreWarnedOf) {
  std::string lines;
  log::set_sink([&](log::Level, std::string_view line) { lines += std::string(line) + "\n"; });
  TrainerOptions o = options();
  o.args.accelerator_config.dispatch_batches = true;
  o.args.accelerator_config.use_seedable_sampler = false;
  const Trainer trainer(std::move(o));
  log::set_sink({});
  for (const char* name : {"dispatch_batches", "use_seedable_sampler"}) {
    EXPECT_NE(lines.find(std::string("argument_has_no_effect argument=accelerator_config.") + name),
              std::string::npos)
        << lines;
  }
}

TEST_F(RunFields, ReportToWritesTheLogsThatAreNamed) {
  const Variable ours("TENSORBOARD_LOGGING_DIR", nullptr);
  TrainingArguments args = options().args;
  train(args);
  const auto files = [&] {
    return std::vector<bool>{
        fs::exists(args.output_dir / "log.csv"), fs::exists(args.output_dir / "log.jsonl"),
        event_files(args.output_dir / "runs") == 1, fs::exists(args.output_dir / "training.svg")};
  };
  EXPECT_EQ(files(), (std::vector<bool>{false, false, false, false}))
      << "none unless it is asked for";
  args.report_to = {"csv"};
  train(args);
  EXPECT_EQ(files(), (std::vector<bool>{true, false, false, false}));
  args.report_to = {"all"};
  train(args);
  EXPECT_EQ(files(), (std::vector<bool>{true, true, true, true}));
  args.report_to = {"svg"};
  args.run_name = "my first run";
  train(args);
  EXPECT_NE(read_file(args.output_dir / "training.svg").find("my first run"), std::string::npos);
}

TEST_F(RunFields, LoggingDirIsTensorBoardsUnlessTheEnvironmentNamesAnother) {
  const Variable ours("TENSORBOARD_LOGGING_DIR", nullptr);
  TrainingArguments args = options().args;
  args.report_to = {"tensorboard"};
  args.logging_dir = folder_ / "boards";
  train(args);
  EXPECT_EQ(event_files(folder_ / "boards"), 1);
  ours.set((folder_ / "elsewhere").c_str());
  train(args);
  EXPECT_EQ(event_files(folder_ / "boards"), 1);
  EXPECT_EQ(event_files(folder_ / "elsewhere"), 1);
  EXPECT_FALSE(fs::exists(args.output_dir / "runs"));
}

TEST_F(RunFields, LogLevelIsTheLibrarys) {
  for (const auto& [name, level] : {std::pair{"debug", log::Level::debug},
                                    {"info", log::Level::info},
                                    {"warning", log::Level::warning},
                                    {"error", log::Level::error},
                                    {"critical", log::Level::error}}) {
    TrainerOptions o = options();
    o.args.log_level = name;
    const Trainer trainer(std::move(o));
    EXPECT_EQ(log::level(), level) << name;
  }
  log::set_level(log::Level::info);
  const Trainer passive(options());
  EXPECT_EQ(log::level(), log::Level::info) << "passive leaves it alone";
}

TEST_F(RunFields, DisableTqdmIsUnsetTrueAboveWarnings) {
  const auto shows_a_bar = [&](std::optional<bool> disable, const char* log_level) {
    TrainerOptions o = options();
    o.args.disable_tqdm = disable;
    o.args.log_level = log_level;
    Trainer trainer(std::move(o));
    const bool bar = trainer.pop_callback("ProgressCallback") != nullptr;
    EXPECT_NE(bar, trainer.pop_callback("PrinterCallback") != nullptr) << "one of them";
    return bar;
  };
  EXPECT_TRUE(shows_a_bar(std::nullopt, "warning"));
  EXPECT_FALSE(shows_a_bar(std::nullopt, "error"));
  EXPECT_FALSE(shows_a_bar(true, "warning"));
  EXPECT_TRUE(shows_a_bar(false, "error"));
}

/// Of a host where another process is the first.
std::shared_ptr<ProcessGroup> second_of_its_host() {
  return std::make_shared<ProcessGroup>(ProcessEnvironment{.local_rank = 1, .local_world_size = 2});
}

TEST_F(RunFields, LogLevelReplicaIsThatOfProcessesThatDoNotLog) {
  for (const bool on_each_node : {true, false}) {
    TrainerOptions o = options();
    o.process_group = second_of_its_host();  // the main process all the same
    o.args.log_level = "info";
    o.args.log_level_replica = "error";
    o.args.log_on_each_node = on_each_node;
    const Trainer trainer(std::move(o));
    EXPECT_EQ(log::level(), on_each_node ? log::Level::error : log::Level::info);
  }
}

TEST_F(RunFields, SaveOnEachNodeWritesWithTheFirstProcessOfAHostOnly) {
  for (const bool on_each_node : {true, false}) {
    TrainerOptions o = options();
    o.process_group = second_of_its_host();
    o.args.output_dir = folder_ / (on_each_node ? "each" : "main");
    o.args.save_strategy = SaveStrategy::steps;
    o.args.save_steps = 2;
    o.args.save_on_each_node = on_each_node;
    const fs::path out = o.args.output_dir;
    Trainer trainer(std::move(o));
    trainer.train();
    trainer.save_model();
    EXPECT_EQ(fs::exists(out / "checkpoint-2"), !on_each_node);
    EXPECT_EQ(fs::exists(out / "model.safetensors"), !on_each_node);
  }
}

TEST_F(RunFields, Tf32SwitchesMatrixProductsAndUnsetLeavesThem) {  // what a GPU would read
  at::Context& context = at::globalContext();
  const bool products = context.allowTF32CuBLAS();
  const bool convolutions = context.allowTF32CuDNN();
  for (const std::optional<bool> tf32 : {std::optional(true), {}, std::optional(false), {}}) {
    const bool expected = tf32.value_or(context.allowTF32CuBLAS());
    place_model(*testing::tiny_model(), "cpu", {.tf32 = tf32});
    EXPECT_EQ(context.allowTF32CuBLAS(), expected);
    EXPECT_EQ(context.allowTF32CuDNN(), expected);
  }
  context.setAllowTF32CuBLAS(products);
  context.setAllowTF32CuDNN(convolutions);
}

/// How many threads an update has.
class Threads final : public TrainerCallback {
 public:
  std::string name() const override { return "Threads"; }
  void on_step_end(const TrainerEvent&) override { seen = at::get_num_threads(); }
  int seen = 0;
};

TEST_F(RunFields, NumThreadsComputeTheUpdates) {
  const int before = at::get_num_threads();
  for (const int asked : {2, 1}) {
    const auto threads = std::make_shared<Threads>();
    TrainerOptions o = options();
    o.num_threads = asked;
    o.callbacks = {threads};
    Trainer(std::move(o)).train();
    EXPECT_EQ(threads->seen, asked);
  }
  apply_thread_count(before);
}

TEST_F(RunFields, ThreadsAreDividedAmongTheProcessesOfAHost) {
  const Variable openmp("OMP_NUM_THREADS", nullptr);
  const Variable mkl("MKL_NUM_THREADS", nullptr);
  const int cores = default_thread_count();
  const auto threads = [](int of_the_host) {
    const ProcessEnvironment environment{.local_world_size = of_the_host};
    return threads_among(processes_here(
        environment,
        Processes(std::make_shared<ProcessGroup>(ProcessEnvironment{}), environment, {})));
  };
  EXPECT_EQ(threads(1), std::nullopt);
  const int each = std::max(1, cores / 2);
  EXPECT_EQ(threads(2), each);
  EXPECT_EQ(threads(2 * cores), 1);

  const int before = at::get_num_threads();
  apply_thread_count(cores + 3);
  {  // the Trainer asks for them
    TrainerOptions o = options();
    o.process_group = second_of_its_host();
    const Trainer trainer(std::move(o));
    EXPECT_EQ(at::get_num_threads(), each);
  }
  apply_thread_count(before);
  openmp.set("3");
  EXPECT_EQ(threads(2), std::nullopt) << "the user has said it";
}

}  // namespace
}  // namespace torchhub
