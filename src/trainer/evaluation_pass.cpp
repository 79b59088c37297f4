#include "trainer/evaluation_pass.h"

#include "base/divided_up.h"
#include "torchhub/base/log.h"
#include "torchhub/training/streaming_metric.h"
#include "trainer/full_eval_cast.h"
#include "trainer/gathered_prediction.h"
#include "trainer/speed_metrics.h"
#include "trainer/worker_seed.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace torchhub {
namespace {

std::string prefixed(const std::string& prefix, const std::string& name) {
  return name.starts_with(prefix + "_") ? name : prefix + "_" + name;
}

bool holds(const std::vector<std::string>& words, const char* word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Shows a loader to callbacks while it lives.
class LoaderGuard {
 public:
  LoaderGuard(const DataLoader*& place, const DataLoader& loader) : place_(place) {
    place_ = &loader;
  }
  ~LoaderGuard() { place_ = nullptr; }
  LoaderGuard(const LoaderGuard&) = delete;
  LoaderGuard& operator=(const LoaderGuard&) = delete;

 private:
  const DataLoader*& place_;
};

/// Puts a module back into the mode that it was in.
class EvalModeGuard {
 public:
  explicit EvalModeGuard(torch::nn::Module& model)
      : model_(model), was_training_(model.is_training()) {
    model_.eval();
  }
  ~EvalModeGuard() { model_.train(was_training_); }
  EvalModeGuard(const EvalModeGuard&) = delete;
  EvalModeGuard& operator=(const EvalModeGuard&) = delete;

 private:
  torch::nn::Module& model_;
  bool was_training_;
};

}  // namespace

EvaluationPass::EvaluationPass(Trainer& trainer, const EvaluationLoopOptions& options)
    : trainer_(trainer),
      impl_(*trainer.impl_),
      prefix_(options.metric_key_prefix),
      keep_predictions_(options.keep_predictions),
      loss_only_(impl_.options.args.prediction_loss_only || !(keep_predictions_ || has_metrics())),
      collector_(kept(options.keep_predictions)) {
  impl_.find_device();
  for (const auto& metric : impl_.options.streaming_metrics) metric->reset();
}

bool EvaluationPass::has_metrics() const {
  const TrainerOptions& options = impl_.options;
  return options.compute_metrics || options.compute_batch_metrics ||
         !options.streaming_metrics.empty();
}

KeptInEvaluation EvaluationPass::kept(bool keep_predictions) const {
  const TrainingArguments& args = impl_.options.args;
  const bool for_metrics = static_cast<bool>(impl_.options.compute_metrics);
  return {.predictions = !args.prediction_loss_only && (keep_predictions || for_metrics),
          .inputs = for_metrics && holds(args.include_for_metrics, "inputs"),
          .losses = for_metrics && holds(args.include_for_metrics, "loss"),
          .host_every = args.eval_accumulation_steps};
}

PredictionOutput EvaluationPass::over(const DataLoader& loader) {
  const auto start = impl_.options.clock->steady_now();
  std::int64_t samples = 0;
  share_ = loader.samples_per_batch() / impl_.processes.world_size();
  {
    const torch::NoGradGuard no_grad;
    const EvalModeGuard eval_mode(*impl_.options.model);
    const FullEvalCast cast(*impl_.options.model, impl_.full_eval_type());
    const LoaderGuard shown(impl_.eval_loader, loader);
    if (impl_.options.args.ddp_broadcast_buffers.value_or(true)) {
      impl_.processes.share_buffers(*impl_.options.model);
    }
    draw_worker_seed();
    const auto batches = loader.epoch(0);
    auto batch = batches->next();
    while (batch) {
      const std::int64_t real =
          batches->samples_seen() - std::exchange(samples, batches->samples_seen());
      auto next = batches->next();  // one ahead, to know which is the last
      const std::int64_t own = own_samples(real);
      take(first_of(impl_.model_inputs(std::move(*batch)), std::max<std::int64_t>(own, 1)), own,
           !next.has_value());
      batch = std::move(next);
    }
    add_up_losses();
  }
  EvalPrediction whole;
  if (impl_.options.args.eval_do_concat_batches || keep_predictions_) whole = collector_.whole();
  PredictionOutput out{.metrics = computed(whole)};
  add_speed(out.metrics, prefix_, impl_.seconds_since(start), static_cast<double>(samples),
            divided_up(samples, share_ * impl_.processes.world_size()));
  if (!loss_only_) {
    out.predictions = std::move(whole.predictions);
    out.label_ids = std::move(whole.label_ids);
  }
  return out;
}

/// How many of this process's samples count: those after them only fill up the last batches of
/// several processes. @param real samples of this step's batches, of all processes together
std::int64_t EvaluationPass::own_samples(std::int64_t real) const {
  if (impl_.processes.alone()) return real;
  return std::clamp<std::int64_t>(real - impl_.processes.rank() * share_, 0, share_);
}

Batch EvaluationPass::first_of(Batch inputs, std::int64_t samples) const {
  if (impl_.processes.alone() || samples == share_) return inputs;
  for (auto& [name, tensor] : inputs) {
    if (tensor.dim() > 0 && tensor.size(0) == share_) tensor = tensor.narrow(0, 0, samples);
  }
  return inputs;
}

void EvaluationPass::take(const Batch& inputs, std::int64_t samples, bool last) {
  const ModelOutput output = trainer_.prediction_step(inputs);
  EvalPrediction batch = seen(output, inputs, samples);
  if (output.loss.defined() && samples > 0) add_loss(output.loss, batch, samples);
  if (!loss_only_ && batch.predictions.defined()) {
    if (!impl_.processes.alone()) {
      batch = gathered(samples > 0 ? batch : no_samples_of(batch), impl_.processes.group());
    }
    collector_.add(batch);
    if (batch.label_ids.defined()) measure(batch, last);
  }
  impl_.callbacks.prediction_step(impl_.event());
}

void EvaluationPass::measure(const EvalPrediction& batch, bool last) {
  has_labels_ = true;
  for (const auto& metric : impl_.options.streaming_metrics) metric->add(batch);
  if (!impl_.options.compute_batch_metrics) return;
  Metrics result = impl_.options.compute_batch_metrics(batch, last);
  if (last) of_batches_ = std::move(result);
}

/// What metrics get of a batch.
EvalPrediction EvaluationPass::seen(const ModelOutput& output, const Batch& inputs,
                                    std::int64_t samples) const {
  EvalPrediction batch{.predictions = output.logits, .label_ids = impl_.labels_of(inputs)};
  const auto& preprocess = impl_.options.preprocess_logits_for_metrics;
  if (preprocess && batch.predictions.defined() && !loss_only_) {
    batch.predictions = preprocess(batch.predictions, batch.label_ids);
  }
  const auto& wanted = impl_.options.args.include_for_metrics;
  if (loss_only_) return batch;
  if (holds(wanted, "inputs")) batch.inputs = inputs;
  if (output.loss.defined() && holds(wanted, "loss")) {
    // At least one, so that every process has a tensor to gather.
    batch.losses = output.loss.to(torch::kFloat32).expand({std::max<std::int64_t>(samples, 1)});
  }
  return batch;
}

void EvaluationPass::add_loss(const at::Tensor& loss, const EvalPrediction& batch,
                              std::int64_t samples) {
  const bool by_labels =
      impl_.options.eval_loss_mean == EvalLossMean::labels && batch.label_ids.defined();
  const auto weight = static_cast<double>(by_labels ? impl_.items_in(batch.label_ids) : samples);
  if (weight == 0) return;
  loss_sum_ += loss.item<double>() * weight;
  loss_weight_ += weight;
}

/// Over all processes.
void EvaluationPass::add_up_losses() {
  const torch::Tensor all =
      impl_.processes.group().all_reduce(torch::tensor({loss_sum_, loss_weight_}, torch::kFloat64));
  loss_sum_ = all[0].item<double>();
  loss_weight_ = all[1].item<double>();
}

Metrics EvaluationPass::computed(const EvalPrediction& whole) const {
  Metrics result;
  if (loss_weight_ > 0) result.set(prefix_ + "_loss", loss_sum_ / loss_weight_);
  if (impl_.model_preparation_seconds) {
    result.set(prefix_ + "_model_preparation_time", rounded(*impl_.model_preparation_seconds, 4));
  }
  const auto add = [&](const Metrics& metrics) {
    for (const auto& [name, value] : metrics) {
      if (!std::isfinite(value)) {
        log::warning("metric_not_finite", {{"metric", prefixed(prefix_, name)}, {"value", value}});
      }
      result.set(prefixed(prefix_, name), metrics, name);
    }
  };
  if (!has_labels_) return result;  // as in Python, metrics compare with labels
  if (impl_.options.compute_metrics) {
    if (!impl_.options.args.eval_do_concat_batches) {
      EvalPrediction in_batches;
      in_batches.batches = collector_.batches();
      add(impl_.options.compute_metrics(in_batches));
    } else {
      add(impl_.options.compute_metrics(whole));
    }
  }
  add(of_batches_);
  add(metrics::compute_all(impl_.options.streaming_metrics));
  return result;
}

}  // namespace torchhub
