// One micro-batch: forward pass, loss and backward pass.
#include "data/columns.h"
#include "torchhub/training/loss.h"
#include "torchhub/training/plan.h"
#include "trainer/trainer_impl.h"
#include "training/autocast.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

namespace torchhub {
namespace {

std::string names_of(const ModelOutput& output) {
  std::vector<std::string> names;
  if (output.logits.defined()) names.emplace_back("logits");
  for (const auto& [name, tensor] : output.extra) names.push_back(name);
  return names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

at::Tensor Trainer::training_step(const Batch& inputs, const UpdateExtent& update) {
  torch::Tensor loss = compute_loss(inputs, update).loss;
  impl_->require_neftune();
  if (!impl_->normalises_by_items(update)) loss = loss / static_cast<double>(update.batches);
  if (impl_->counts_for_all_processes(update)) loss = loss * impl_->processes.world_size();
  backward(loss, update);
  return loss.detach();
}

void Trainer::backward(const at::Tensor& loss, const UpdateExtent& update) {
  const torch::Tensor scaled = impl_->scaler ? impl_->scaler->scale(loss) : loss;
  if (impl_->exchange && update.is_last) {
    impl_->exchange->backward(scaled);
  } else {
    scaled.backward();
  }
}

ModelOutput Trainer::compute_loss(const Batch& inputs, const UpdateExtent& update) {
  PreTrainedModel& model = *impl_->options.model;
  const AutocastGuard autocast(impl_->device().type(), impl_->autocast_type());
  const auto column = inputs.find("labels");
  const bool has_column = column != inputs.end();
  const double smoothing = has_column ? impl_->label_smoothing() : 0;
  Batch read = inputs;
  if (update.num_items_in_batch && model.accepts_num_items_in_batch()) {
    read.emplace("num_items_in_batch",
                 torch::scalar_tensor(*update.num_items_in_batch, torch::kInt64));
  }
  // The model need not make a loss that nobody takes.
  if (impl_->options.compute_loss_func || smoothing != 0) read.erase("labels");
  ModelOutput output = model.forward(read);
  if (impl_->options.compute_loss_func) {
    const torch::Tensor labels = has_column ? column->second : impl_->labels_of(inputs);
    output.loss = impl_->options.compute_loss_func(output, labels, update.num_items_in_batch);
  } else if (smoothing != 0) {
    output.loss = label_smoothed_loss(output.logits, column->second,
                                      {.epsilon = smoothing,
                                       .shift_labels = model.shifts_labels(),
                                       .num_items = update.num_items_in_batch});
  }
  if (!output.loss.defined()) {
    throw InvalidArgumentError(
        fmt::format("The model gave no loss, only: {}. Its forward() must set ModelOutput::loss "
                    "when the batch has labels, and the dataset must have 'labels'; its batches "
                    "have: {}.",
                    names_of(output), names_text(inputs)));
  }
  return output;
}

void Trainer::Impl::require_neftune() const {
  const PreTrainedModel& model = *options.model;
  if (!options.args.neftune_noise_alpha || model.used_neftune()) return;
  throw InvalidArgumentError(
      fmt::format("neftune_noise_alpha is set, but {} does not pass its embeddings through "
                  "PreTrainedModel::neftune(). Let it do so, or leave the field unset.",
                  model.class_name()));
}

bool Trainer::Impl::counts_items() const {
  return options.model->accepts_num_items_in_batch() || options.compute_loss_func ||
         label_smoothing() != 0;
}

double Trainer::Impl::label_smoothing() const {
  const bool classes =
      options.model->config().problem_type != ProblemType::multi_label_classification;
  const bool has_column =
      std::find(label_names.begin(), label_names.end(), "labels") != label_names.end();
  return classes && has_column ? options.args.label_smoothing_factor : 0;
}

std::int64_t Trainer::Impl::items_in(const at::Tensor& labels) const {
  return count_items(labels, options.model->shifts_labels());
}

std::optional<std::int64_t> Trainer::Impl::items_of(const Batch& batch) const {
  if (const auto shifted = batch.find("shift_labels"); shifted != batch.end()) {
    return count_items(shifted->second, /*shifted=*/false);
  }
  const at::Tensor labels = labels_of(batch);
  return labels.defined() ? std::optional(items_in(labels)) : std::nullopt;
}

bool Trainer::Impl::counts_for_all_processes(const UpdateExtent& update) const {
  return !processes.alone() && options.args.average_tokens_across_devices &&
         update.num_items_in_batch && normalises_by_items(update);
}

bool Trainer::Impl::normalises_by_items(const UpdateExtent& update) const {
  if (options.compute_loss_func) return true;  // as in Python, its author's matter
  if (!update.num_items_in_batch) return false;
  return options.model->accepts_num_items_in_batch() || label_smoothing() != 0;
}

std::optional<at::ScalarType> Trainer::Impl::autocast_type() const {
  if (options.args.bf16) return torch::kBFloat16;
  if (options.args.fp16) return torch::kHalf;
  return std::nullopt;
}

std::optional<at::ScalarType> Trainer::Impl::full_eval_type() const {
  if (training) return std::nullopt;
  if (options.args.bf16_full_eval) return torch::kBFloat16;
  if (options.args.fp16_full_eval) return torch::kHalf;
  return std::nullopt;
}

ScheduleOptions schedule_options(const TrainingArguments& args,
                                 const torch::optim::Optimizer* optimizer, std::int64_t total_steps,
                                 std::int64_t warmup_steps) {
  return {.type = args.lr_scheduler_type,
          .kwargs = args.lr_scheduler_kwargs.value_or(LogRow{}),
          .warmup_steps = warmup_steps,
          .total_steps = total_steps,
          .base_rate = optimizer ? optimizer->defaults().get_lr() : args.learning_rate};
}

OptimizerOptions optimizer_options(const TrainingArguments& args) {
  return {.name = args.optim,
          .learning_rate = args.learning_rate,
          .weight_decay = args.weight_decay,
          .adam_beta1 = args.adam_beta1,
          .adam_beta2 = args.adam_beta2,
          .adam_epsilon = args.adam_epsilon,
          .optim_args = args.optim_args.value_or("")};
}

std::shared_ptr<torch::optim::Optimizer> Trainer::create_optimizer() {
  return make_optimizer(decay_groups(*impl_->options.model, get_decay_parameter_names()),
                        optimizer_options(impl_->options.args));
}

std::set<std::string> Trainer::get_decay_parameter_names() const {
  return decay_parameter_names(*impl_->options.model);
}

std::shared_ptr<LrScheduler> Trainer::create_scheduler(std::int64_t num_training_steps,
                                                       const torch::optim::Optimizer& optimizer) {
  const TrainingArguments& args = impl_->options.args;
  const std::int64_t warmup_steps = absolute_steps(args.warmup_steps, num_training_steps);
  return make_scheduler(schedule_options(args, &optimizer, num_training_steps, warmup_steps),
                        learning_rates(optimizer));
}

double Trainer::floating_point_ops(const Batch& inputs) const {
  return impl_->options.model->floating_point_ops(inputs);
}

}  // namespace torchhub
