#include "torchhub/trainer.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/callbacks/jit_checkpoint.h"
#include "torchhub/callbacks/machine_line.h"
#include "torchhub/callbacks/printer.h"
#include "torchhub/callbacks/progress.h"
#include "torchhub/callbacks/report_to.h"
#include "torchhub/training/allocator.h"
#include "torchhub/training/default_flow.h"
#include "torchhub/training/dropout.h"
#include "torchhub/training/threads.h"
#include "trainer/checkpoint_files.h"
#include "trainer/flag_guard.h"
#include "trainer/gpu_memory.h"
#include "trainer/hardware.h"
#include "trainer/out_of_memory.h"
#include "trainer/resume_source.h"
#include "trainer/trainer_impl.h"
#include "trainer/trainer_problems.h"
#include "trainer/training_run.h"
#include "training/arguments/settled_arguments.h"
#include "training/module_device.h"

namespace torchhub {
namespace {

ReportToOptions logger_options(const TrainerOptions& options) {
  const TrainingArguments& args = options.args;
  ReportToOptions to{.output_dir = args.output_dir,
                     .tensorboard = TensorBoardOptions::from_environment(),
                     .clock = options.clock,
                     .strict_json = options.strict_json};
  if (!to.tensorboard.logging_dir && args.logging_dir)
    to.tensorboard.logging_dir = *args.logging_dir;
  return to;
}

ProcessEnvironment environment_of(const TrainerOptions& options) {
  return options.process_group ? options.process_group->environment()
                               : ProcessEnvironment::from_environment();
}

TrainerOptions checked(TrainerOptions options, const ProcessEnvironment& environment) {
  options.args = settled(std::move(options.args));
  auto found = problems_of(options, environment);
  if (found.empty()) return options;
  throw InvalidArgumentError("This Trainer cannot be made", std::move(found));
}

void set_log_level(const std::string& name) {
  if (name == "passive") return;
  log::set_level(name == "debug"     ? log::Level::debug
                 : name == "info"    ? log::Level::info
                 : name == "warning" ? log::Level::warning
                                     : log::Level::error);
}

}  // namespace

Trainer::Impl::Impl(Trainer& trainer, TrainerOptions given, const ProcessEnvironment& environment)
    : owner(trainer),
      options(checked(std::move(given), environment)),
      device_name(device_of(environment, options.args)),
      processes(options.process_group, environment, options.args),
      memory(!options.args.skip_memory_metrics) {
  const MemoryStage measured(memory, "init");
  processes.mark(state);
  set_log_level(processes.log_level(options.args));
  if (options.keep_freed_memory) keep_freed_memory();
  if (options.vectorize_dropout) vectorize_dropout();
  const ProcessesHere here = processes_here(environment, processes);
  apply_thread_count(options.num_threads ? options.num_threads : threads_among(here));
  apply_determinism(options.args);
  torch::manual_seed(options.args.seed);
  if (options.model_init) options.model = options.model_init();
  const auto start = options.clock->steady_now();
  place_model(*options.model, device_name, options.args);
  find_device();
  label_names = label_names_of(*options.model, options.args);
  model_preparation_seconds = seconds_since(start);
  warn_of_stored_only(options.args);
  make_folders(options.args.output_dir);
  if (has_training_data(options)) {
    plan = make_plan(options.args, training_data(options.args));
    warn_of_lost_best(options.args, plan);
  }
  if (options.args.label_smoothing_factor != 0 && label_smoothing() == 0) {
    log::warning("label_smoothing_is_off",
                 {{"cause", "the model's labels are no classes in a column 'labels'"}});
  }
  add_callbacks(here);
  callbacks.init_end(event());
}

void Trainer::Impl::add_callbacks(const ProcessesHere& here) {
  const TrainingArguments& args = options.args;
  callbacks.add(std::make_shared<DefaultFlowCallback>());
  callbacks.add(std::make_shared<MachineLineCallback>(stderr, here));
  const auto add = [&](const std::shared_ptr<TrainerCallback>& callback) {
    callbacks.add(callback);
    const auto plot = std::dynamic_pointer_cast<TrainingPlotCallback>(callback);
    if (plot && plot->file_of(args) == args.output_dir / kTrainingPlotFile) plotter = plot;
  };
  for (const auto& logger : make_loggers(args.report_to, logger_options(options))) add(logger);
  if (args.enable_jit_checkpoint) callbacks.add(std::make_shared<JitCheckpointCallback>());
  for (const auto& callback : options.callbacks) add(callback);
  if (args.disable_tqdm.value_or(log::level() > log::Level::warning)) {
    callbacks.add(std::make_shared<PrinterCallback>());
  } else {
    callbacks.add(std::make_shared<ProgressCallback>());
  }
  if (!args.push_to_hub || !processes.is_main()) return;
  add_plotter();
  pusher = make_pusher();
  callbacks.add(pusher);
}

void Trainer::Impl::add_plotter() {
  if (!shows_plot() || plotter) return;
  plotter = std::make_shared<TrainingPlotCallback>();
  callbacks.add(plotter);
}

void Trainer::Impl::draw_plot() {
  if (!shows_plot()) return;
  (plotter ? plotter : std::make_shared<TrainingPlotCallback>())->write(event());
}

TrainerEvent Trainer::Impl::event() {
  return {.args = options.args,
          .plan = plan,
          .state = state,
          .control = control,
          .model = *options.model,
          .optimizer = optimizer,
          .lr_scheduler = lr_scheduler,
          .train_dataloader = train_loader,
          .eval_dataloader = eval_loader,
          .weights_step = weights_step};
}

void Trainer::Impl::find_device() { device_ = device_of(*options.model); }

HubOptions Trainer::Impl::hub_options() const {
  HubOptions hub = options.hub ? *options.hub : HubOptions::from_environment();
  if (options.args.hub_token) hub.token = options.args.hub_token;
  return hub;
}

double Trainer::Impl::seconds_since(std::chrono::steady_clock::time_point start) const {
  return std::chrono::duration<double>(options.clock->steady_now() - start).count();
}

Trainer::Trainer(TrainerOptions options) {
  const ProcessEnvironment environment = environment_of(options);
  impl_ = std::make_unique<Impl>(*this, std::move(options), environment);
}
Trainer::~Trainer() = default;

TrainOutput Trainer::train(const TrainOptions& options) {
  if (!has_training_data(impl_->options)) {
    throw InvalidArgumentError("train() needs TrainerOptions::train_dataset or train_stream.");
  }
  impl_->model_preparation_seconds.reset();
  if (impl_->options.model_init) {
    torch::manual_seed(impl_->options.args.seed);
    impl_->options.model = impl_->options.model_init();
    place_model(*impl_->options.model, impl_->device_name, impl_->options.args);
  }
  const auto& from = options.resume_from_checkpoint ? options.resume_from_checkpoint
                                                    : impl_->options.args.resume_from_checkpoint;
  std::optional<std::filesystem::path> checkpoint;
  if (from) {
    impl_->processes.main_first([&] {
      checkpoint = resolve_checkpoint(*from, impl_->options.args.output_dir,
                                      [this] { return impl_->hub_options(); });
    });
  }
  if (checkpoint || impl_->options.model_init) impl_->forget_optimizer();
  const FlagGuard under_way(impl_->training);
  impl_->resumed_rates = options.resumed_rates;
  TrainOutput output = impl_->options.args.auto_find_batch_size
                           ? train_in_what_fits(checkpoint)
                           : train_with(impl_->options.args, checkpoint);
  if (impl_->options.require_pushed && !output.pushed_all()) {
    throw NotPushedError(std::move(output));
  }
  return output;
}

TrainOutput Trainer::train_with(const TrainingArguments& args,
                                const std::optional<std::filesystem::path>& checkpoint) {
  impl_->plan = make_plan(args, impl_->training_data(args));  // what the loader is made for
  DataLoader loader = get_train_dataloader();
  impl_->plan = make_plan(args, impl_->training_data(loader));
  return TrainingRun(*this, std::move(loader)).go(checkpoint);
}

bool Trainer::Impl::tries_again_after(const std::exception& error) const {
  return options.args.auto_find_batch_size && plan.train_batch_size > 1 && is_out_of_memory(error);
}

/// auto_find_batch_size: a tenth less each time memory runs out.
TrainOutput Trainer::train_in_what_fits(const std::optional<std::filesystem::path>& checkpoint) {
  TrainingArguments args = impl_->options.args;
  if (checkpoint) {
    const auto worked = read_checkpoint_state(*checkpoint).train_batch_size;
    if (worked && *worked > 0) args.per_device_train_batch_size = *worked;
  }
  while (true) {
    try {
      return train_with(args, checkpoint);
    } catch (std::exception& error) {
      const std::int64_t tried = args.per_device_train_batch_size;
      if (!impl_->tries_again_after(error)) {
        if (is_out_of_memory(error)) throw_that_no_batch_fits(error);
        throw;
      }
      impl_->forget_optimizer();  // memory may have run out in the middle of its step
      args.per_device_train_batch_size = tried * 9 / 10;
      log::warning("out_of_memory", {{"batch_size", tried},
                                     {"next", args.per_device_train_batch_size},
                                     {"at_step", impl_->state.global_step}});
    }
    for (torch::Tensor& parameter : impl_->options.model->parameters()) {
      parameter.mutable_grad().reset();
    }
    release_cached_memory();
  }
}

void Trainer::log(LogRow logs) {
  impl_->add_progress(logs);
  LogRow row = logs;
  row.emplace_back("step", impl_->state.global_step);
  impl_->state.log_history.push_back(std::move(row));
  impl_->callbacks.log(impl_->event(), logs);
}

void Trainer::add_callback(std::shared_ptr<TrainerCallback> callback) {
  impl_->callbacks.add(std::move(callback));
}
std::shared_ptr<TrainerCallback> Trainer::pop_callback(const std::string& name) {
  return impl_->callbacks.pop(name);
}

bool Trainer::is_world_process_zero() const { return impl_->processes.is_main(); }
bool Trainer::is_local_process_zero() const { return impl_->processes.is_local_main(); }

const TrainingArguments& Trainer::args() const { return impl_->options.args; }
const TrainerState& Trainer::state() const { return impl_->state; }
PreTrainedModel& Trainer::model() const { return *impl_->options.model; }

}  // namespace torchhub
