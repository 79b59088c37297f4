#include "torchhub/trainer.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/callbacks/progress.h"
#include "torchhub/training/default_flow.h"
#include "trainer/trainer_impl.h"
#include "trainer/training_run.h"

#include <fmt/format.h>

namespace torchhub {
namespace {

std::vector<std::string> problems_of(const TrainerOptions& options) {
  std::vector<std::string> found = problems(options.args);
  if (!options.model) found.emplace_back("TrainerOptions::model is not set.");
  if (options.args.eval_strategy != IntervalStrategy::no && !options.eval_dataset) {
    found.push_back(
        fmt::format("eval_strategy is {}, but there is no eval_dataset; set one or use "
                    "eval_strategy no.",
                    to_string(options.args.eval_strategy)));
  }
  return found;
}

}  // namespace

Trainer::Impl::Impl(TrainerOptions given) : options(std::move(given)) {
  if (auto found = problems_of(options); !found.empty()) {
    throw InvalidArgumentError("This Trainer cannot be made", std::move(found));
  }
  torch::manual_seed(options.args.seed);
  make_folders(options.args.output_dir);
  if (options.train_dataset) plan = make_plan(options.args, options.train_dataset->size());

  callbacks.add(std::make_shared<DefaultFlowCallback>());
  for (const auto& callback : options.callbacks) callbacks.add(callback);
  if (!options.args.disable_tqdm) callbacks.add(std::make_shared<ProgressCallback>());
  if (options.args.push_to_hub) {
    pusher = std::make_shared<PushToHubCallback>(
        PushToHubCallbackOptions::from_arguments(options.args, hub_options(), options.card));
    callbacks.add(pusher);
  }
  callbacks.init_end(event());
}

torch::Device Trainer::Impl::device() const {
  const auto parameters = options.model->parameters();
  return parameters.empty() ? torch::Device(torch::kCPU) : parameters.front().device();
}

DataLoader Trainer::Impl::train_loader() const {
  const TrainingArguments& args = options.args;
  return DataLoader(options.train_dataset,
                    std::make_shared<RandomSampler>(plan.num_examples, plan.data_seed),
                    options.data_collator,
                    {.batch_size = plan.train_batch_size,
                     .drop_last = args.dataloader_drop_last,
                     .num_workers = args.dataloader_num_workers,
                     .prefetch_factor = args.dataloader_prefetch_factor.value_or(2),
                     .seed = plan.data_seed});
}

DataLoader Trainer::Impl::eval_loader(std::shared_ptr<const Dataset> dataset) const {
  const TrainingArguments& args = options.args;
  auto sampler = std::make_shared<SequentialSampler>(dataset->size());
  return DataLoader(std::move(dataset), std::move(sampler), options.data_collator,
                    {.batch_size = args.per_device_eval_batch_size,
                     .num_workers = args.dataloader_num_workers,
                     .prefetch_factor = args.dataloader_prefetch_factor.value_or(2),
                     .seed = args.seed});
}

HubOptions Trainer::Impl::hub_options() const {
  HubOptions hub = options.hub ? *options.hub : HubOptions::from_environment();
  if (options.args.hub_token) hub.token = options.args.hub_token;
  return hub;
}

void Trainer::Impl::log(LogRow logs) {
  LogRow row = logs;
  row.emplace_back("step", state.global_step);
  state.log_history.push_back(std::move(row));
  callbacks.log(event(), logs);
}

double Trainer::Impl::seconds_since(std::chrono::steady_clock::time_point start) const {
  return std::chrono::duration<double>(options.clock->steady_now() - start).count();
}

Batch on_device(Batch batch, torch::Device device) {
  for (auto& [name, tensor] : batch) tensor = tensor.to(device, /*non_blocking=*/true);
  return batch;
}

Trainer::Trainer(TrainerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Trainer::~Trainer() = default;
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;

TrainOutput Trainer::train(const TrainOptions& options) {
  if (!impl_->options.train_dataset) {
    throw InvalidArgumentError("train() needs TrainerOptions::train_dataset.");
  }
  return TrainingRun(*impl_).go(options);
}

Metrics Trainer::evaluate(std::shared_ptr<const Dataset> dataset, const std::string& prefix) {
  return impl_->evaluate(std::move(dataset), prefix);
}

void Trainer::save_model(const std::optional<std::filesystem::path>& folder) {
  impl_->options.model->save_pretrained(folder.value_or(impl_->options.args.output_dir));
}

const TrainingArguments& Trainer::args() const { return impl_->options.args; }
const TrainerState& Trainer::state() const { return impl_->state; }
PreTrainedModel& Trainer::model() const { return *impl_->options.model; }

}  // namespace torchhub
