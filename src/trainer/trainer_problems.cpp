// What is wrong with the parts of a Trainer, all at once.
#include "trainer/trainer_problems.h"

#include "torchhub/base/log.h"
#include "torchhub/callbacks/report_to.h"
#include "trainer/checkpoint_files.h"
#include "trainer/hardware.h"
#include "trainer/trainer_impl.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace torchhub {
namespace {

bool has_eval_data(const TrainerOptions& options) {
  return options.eval_dataset || !options.eval_datasets.empty() || options.eval_stream ||
         !options.eval_streams.empty();
}

/// How long a run by epochs is, only its data says; until then it is long enough for any schedule.
std::int64_t updates_or_many(const TrainingArguments& args) {
  constexpr std::int64_t kMany = 1'000'000'000'000;
  return args.max_steps > 0 ? args.max_steps : kMany;
}

template <typename Check>
void append_problems(std::vector<std::string>& found, Check&& check) {
  try {
    check();
  } catch (const InvalidArgumentError& error) {
    found.insert(found.end(), error.problems().begin(), error.problems().end());
  }
}

void append_missing_files(std::vector<std::string>& found,
                          const std::vector<std::filesystem::path>& files) {
  std::set<std::filesystem::path> names;
  for (const auto& file : files) {
    std::error_code error;  // what cannot be looked at is no file either
    if (!std::filesystem::is_regular_file(file, error)) {
      found.push_back(fmt::format("TrainerOptions::processing_files holds '{}', which is no file.",
                                  file.string()));
    } else if (!names.insert(file.filename()).second) {
      found.push_back(fmt::format("TrainerOptions::processing_files holds two files '{}'.",
                                  file.filename().string()));
    }
  }
}

/// What is known of the data before there is a loader that counts its batches.
void append_data_problems(std::vector<std::string>& found, const TrainerOptions& options) {
  TrainingData data;
  data.num_examples =
      options.train_stream ? options.train_stream->size() : options.train_dataset->size();
  data.batches_per_epoch = data.num_examples;
  for (auto& problem : problems(data, options.args)) found.push_back(std::move(problem));
}

}  // namespace

bool has_training_data(const TrainerOptions& options) {
  return options.train_dataset || options.train_stream;
}

std::vector<std::string> problems_of(const TrainerOptions& options,
                                     const ProcessEnvironment& environment) {
  const TrainingArguments& args = options.args;
  std::vector<std::string> found = problems(args);
  for (auto& problem : problems_of_processes(args, environment)) found.push_back(problem);
  for (auto& problem : problems_of_hardware(args, environment)) found.push_back(problem);
  if (!options.model && !options.model_init) {
    found.emplace_back("Neither TrainerOptions::model nor model_init is set; set one.");
  }
  if (options.model && options.model_init) {
    found.emplace_back("TrainerOptions::model and model_init are both set; set one.");
  }
  if (options.train_dataset && options.train_stream) {
    found.emplace_back("TrainerOptions::train_dataset and train_stream are both set; set one.");
  }
  if (has_training_data(options)) append_data_problems(found, options);
  if ((options.optimizer || options.lr_scheduler) && options.model_init) {
    found.emplace_back(
        "TrainerOptions::optimizer and lr_scheduler cannot belong to the model that model_init "
        "makes; set model, or override create_optimizer() and create_scheduler().");
  }
  const bool several = !options.eval_datasets.empty() || !options.eval_streams.empty();
  if (options.eval_stream && (options.eval_dataset || several)) {
    found.emplace_back(
        "TrainerOptions::eval_stream is set beside eval_dataset, eval_datasets or eval_streams; "
        "set one.");
  }
  if (options.eval_dataset && !options.eval_streams.empty()) {
    found.emplace_back(
        "TrainerOptions::eval_dataset is set beside eval_streams; put it into eval_datasets.");
  }
  append_missing_files(found, options.processing_files);
  if (options.optimizer) {
    if (auto problem = saving_problem(args, *options.optimizer)) found.push_back(*problem);
  }
  if (args.eval_strategy != IntervalStrategy::no && !has_eval_data(options)) {
    found.push_back(fmt::format(
        "eval_strategy is {}, but there is no eval_dataset or eval_stream; set one or use "
        "eval_strategy no.",
        to_string(args.eval_strategy)));
  }
  if (args.eval_on_start && !has_eval_data(options)) {
    found.emplace_back(
        "eval_on_start is true, but there is no eval_dataset or eval_stream; set one or leave it "
        "false.");
  }
  if (args.batch_eval_metrics != static_cast<bool>(options.compute_batch_metrics)) {
    found.emplace_back(args.batch_eval_metrics
                           ? "batch_eval_metrics is true, but compute_batch_metrics is not set."
                           : "compute_batch_metrics is set, but batch_eval_metrics is false.");
  }
  append_problems(found, [&] { make_loggers(args.report_to, {.output_dir = args.output_dir}); });
  const ScheduleOptions schedule =
      schedule_options(args, options.optimizer.get(), updates_or_many(args));
  for (auto& problem : problems(schedule)) found.push_back(std::move(problem));
  for (auto& problem : problems(optimizer_options(args))) found.push_back(std::move(problem));
  return found;
}

void warn_of_stored_only(const TrainingArguments& args) {
  const auto warn = [](const char* name) {
    log::warning("argument_has_no_effect", {{"argument", name}});
  };
  const AcceleratorConfig& config = args.accelerator_config;
  if (config.dispatch_batches.value_or(false)) warn("accelerator_config.dispatch_batches");
  if (!config.use_seedable_sampler) warn("accelerator_config.use_seedable_sampler");
  if (args.gradient_checkpointing_kwargs) warn("gradient_checkpointing_kwargs");
}

void warn_of_lost_best(const TrainingArguments& args, const TrainingPlan& plan) {
  if (!plan.metric_for_best_model || args.save_strategy == SaveStrategy::best) return;
  const bool together = to_string(args.eval_strategy) == to_string(args.save_strategy) &&
                        (args.eval_strategy != IntervalStrategy::steps ||
                         plan.eval_steps % std::max<std::int64_t>(plan.save_steps, 1) == 0);
  if (args.eval_strategy == IntervalStrategy::no || together) return;
  log::warning("best_model_may_not_be_saved",
               {{"cause", "not every evaluated step is saved"},
                {"remedy", "save_strategy best, or as often as evaluations"}});
}

}  // namespace torchhub
