// The batches that a Trainer trains and evaluates on.
#include "torchhub/base/log.h"
#include "torchhub/data/sampler.h"
#include "trainer/trainer_impl.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace torchhub {

DataLoaderOptions Trainer::Impl::loader_options(std::int64_t batch_size) const {
  const TrainingArguments& args = options.args;
  return {.batch_size = batch_size,
          .num_workers = args.dataloader_num_workers,
          .prefetch_factor = args.dataloader_prefetch_factor.value_or(2),
          .seed = args.data_seed.value_or(args.seed),
          .rank = processes.rank(),
          .world_size = processes.world_size(),
          .pin_memory = args.dataloader_pin_memory && device().is_cuda(),
          .split_batches = args.accelerator_config.split_batches,
          .columns = columns_read()};
}

/// With remove_unused_columns, what the model says that it reads, and labels, and what a collator
/// that masks tokens reads; unset where the model says nothing.
std::optional<std::vector<std::string>> Trainer::Impl::columns_read() const {
  std::vector<std::string> columns = options.model->forward_arguments();
  if (!options.args.remove_unused_columns || columns.empty()) return std::nullopt;
  columns.insert(columns.end(), {"labels", "label", "label_ids", "special_tokens_mask"});
  const auto labels = options.args.label_names.value_or(std::vector<std::string>{});
  columns.insert(columns.end(), labels.begin(), labels.end());
  return columns;
}

DataLoader Trainer::Impl::loader(std::shared_ptr<const Dataset> dataset,
                                 std::shared_ptr<const Sampler> sampler,
                                 DataLoaderOptions loader_options) const {
  return DataLoader(std::move(dataset), std::move(sampler), options.data_collator,
                    std::move(loader_options));
}

DataLoaderOptions Trainer::Impl::train_loader_options(const TrainingArguments& args) const {
  DataLoaderOptions loading = loader_options(args.per_device_train_batch_size);
  loading.drop_last = args.dataloader_drop_last;
  loading.even_batches = args.accelerator_config.even_batches;
  return loading;
}

TrainingData Trainer::Impl::training_data(const TrainingArguments& args) const {
  const auto& [dataset, stream] = std::tie(options.train_dataset, options.train_stream);
  TrainingData data{.world_size = processes.world_size()};
  data.num_examples = stream ? stream->size() : std::optional(dataset->size());
  if (!data.num_examples || !problems(args).empty()) return data;
  // The order does not matter for counting batches.
  const DataLoader counted =
      stream ? DataLoader(stream, {}, train_loader_options(args))
             : DataLoader(dataset, std::make_shared<SequentialSampler>(*data.num_examples), {},
                          train_loader_options(args));
  data.batches_per_epoch = counted.num_batches();
  return data;
}

TrainingData Trainer::Impl::training_data(const DataLoader& loader) const {
  return {.num_examples = loader.num_samples(),
          .batches_per_epoch = loader.num_batches(),
          .world_size = processes.world_size(),
          .samples_per_batch = loader.samples_per_batch()};
}

DataLoader Trainer::get_train_dataloader() {
  TrainingArguments args = impl_->options.args;
  args.per_device_train_batch_size = impl_->plan.train_batch_size;  // auto_find_batch_size
  DataLoaderOptions loading = impl_->train_loader_options(args);
  if (impl_->options.train_stream) {
    return DataLoader(impl_->options.train_stream, impl_->options.data_collator,
                      std::move(loading));
  }
  const auto& dataset = impl_->options.train_dataset;
  return impl_->loader(dataset, get_train_sampler(*dataset), std::move(loading));
}

std::shared_ptr<const Sampler> Trainer::get_train_sampler(const Dataset& dataset) {
  const TrainingArguments& args = impl_->options.args;
  const TrainingPlan& plan = impl_->plan;
  switch (args.train_sampling_strategy) {
    case SamplingStrategy::random:
      return std::make_shared<RandomSampler>(dataset.size(), plan.data_seed);
    case SamplingStrategy::sequential:
      return std::make_shared<SequentialSampler>(dataset.size());
    case SamplingStrategy::group_by_length:
      break;
  }
  return std::make_shared<LengthGroupedSampler>(
      lengths_of(dataset, args.length_column_name),
      plan.train_batch_size * args.gradient_accumulation_steps, plan.data_seed);
}

std::shared_ptr<const Sampler> Trainer::get_eval_sampler(const Dataset& dataset) {
  const TrainingArguments& args = impl_->options.args;
  if (args.train_sampling_strategy != SamplingStrategy::group_by_length) {
    return std::make_shared<SequentialSampler>(dataset.size());
  }
  return std::make_shared<LengthGroupedSampler>(lengths_of(dataset, args.length_column_name),
                                                impl_->eval_batch_size(), args.seed);
}

DataLoader Trainer::get_eval_dataloader(std::shared_ptr<const Dataset> dataset) {
  auto sampler = get_eval_sampler(*dataset);
  return impl_->loader(std::move(dataset), std::move(sampler),
                       impl_->loader_options(impl_->eval_batch_size()));
}

/// Always in order, so that predictions stand where their samples do.
DataLoader Trainer::get_test_dataloader(std::shared_ptr<const Dataset> dataset) {
  auto sampler = std::make_shared<SequentialSampler>(dataset->size());
  return impl_->loader(std::move(dataset), std::move(sampler),
                       impl_->loader_options(impl_->eval_batch_size()));
}

DataLoader Trainer::get_eval_dataloader(std::shared_ptr<const IterableDataset> stream) {
  return DataLoader(std::move(stream), impl_->options.data_collator,
                    impl_->loader_options(impl_->eval_batch_size()));
}

DataLoader Trainer::get_test_dataloader(std::shared_ptr<const IterableDataset> stream) {
  return get_eval_dataloader(std::move(stream));
}

std::optional<std::int64_t> Trainer::num_examples(const DataLoader& loader) {
  return loader.num_samples();
}

Batch Trainer::Impl::model_inputs(Batch batch) const {
  const torch::Device target = device();
  for (auto& [name, tensor] : batch) {
    if (tensor.device() != target) tensor = tensor.to(target, /*non_blocking=*/true);
  }
  return batch;
}

std::vector<std::string> label_names_of(const PreTrainedModel& model,
                                        const TrainingArguments& args) {
  if (args.label_names) return *args.label_names;
  const bool answers = model.class_name().find("QuestionAnswering") != std::string::npos;
  std::vector<std::string> names;
  for (const std::string& name : model.forward_arguments()) {
    const bool is_position = name == "start_positions" || name == "end_positions";
    if (name.find("label") != std::string::npos || (answers && is_position)) names.push_back(name);
  }
  return names.empty() ? std::vector<std::string>{"labels"} : names;
}

at::Tensor Trainer::Impl::labels_of(const Batch& inputs) const {
  std::vector<at::Tensor> columns;
  for (const std::string& name : label_names) {
    const auto found = inputs.find(name);
    if (found == inputs.end()) return {};  // as in Python: all of them, or no labels
    columns.push_back(found->second);
  }
  if (columns.empty()) return {};
  const auto fits = [&](const at::Tensor& column) {
    return column.sizes() == columns.front().sizes();
  };
  if (columns.size() == 1) return columns.front();
  if (!std::all_of(columns.begin(), columns.end(), fits)) {
    if (!std::exchange(warned_of_labels, true)) {
      log::warning("labels_of_several_shapes", {{"used", label_names.front()}});
    }
    return columns.front();
  }
  return torch::stack(columns, /*dim=*/-1);
}

}  // namespace torchhub
