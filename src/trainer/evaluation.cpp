#include "trainer/trainer_impl.h"

#include <fmt/format.h>

#include <cmath>

namespace torchhub {
namespace {

/// Rounds as Python's round(value, digits) does for the speed figures.
double rounded(double value, int digits) {
  const double scale = std::pow(10.0, digits);
  return std::nearbyint(value * scale) / scale;
}

/// Losses, logits and labels of one pass. The loss is weighted by samples, as in Python: the mean
/// over samples of their batch's mean.
class EvaluationSums {
 public:
  void add(const ModelOutput& output, const Batch& batch, bool keep_predictions) {
    const std::int64_t samples = samples_of(output, batch);
    num_samples_ += samples;
    if (output.loss.defined()) {
      loss_sum_ += output.loss.item<double>() * static_cast<double>(samples);
      has_loss_ = true;
    }
    if (!keep_predictions) return;
    if (output.logits.defined()) logits_.push_back(output.logits.to(torch::kCPU));
    if (const auto labels = batch.find("labels"); labels != batch.end()) {
      labels_.push_back(labels->second.to(torch::kCPU));
    }
  }

  std::optional<double> loss() const {
    if (!has_loss_ || num_samples_ == 0) return std::nullopt;
    return loss_sum_ / static_cast<double>(num_samples_);
  }

  EvalPrediction prediction() const {
    return {.predictions = logits_.empty() ? torch::Tensor() : torch::cat(logits_),
            .label_ids = labels_.empty() ? torch::Tensor() : torch::cat(labels_)};
  }

  std::int64_t num_samples() const { return num_samples_; }

 private:
  static std::int64_t samples_of(const ModelOutput& output, const Batch& batch) {
    const auto labels = batch.find("labels");
    const torch::Tensor& first = labels != batch.end()     ? labels->second
                                 : output.logits.defined() ? output.logits
                                                           : batch.begin()->second;
    return first.dim() > 0 ? first.size(0) : 1;
  }

  double loss_sum_ = 0;
  bool has_loss_ = false;
  std::int64_t num_samples_ = 0;
  std::vector<torch::Tensor> logits_;
  std::vector<torch::Tensor> labels_;
};

std::string prefixed(const std::string& prefix, const std::string& name) {
  return name.starts_with(prefix + "_") ? name : prefix + "_" + name;
}

void add_speed(Metrics& metrics, const std::string& prefix, double seconds, std::int64_t samples,
               std::int64_t batches) {
  metrics.set(prefix + "_runtime", rounded(seconds, 4));
  if (seconds <= 0) return;
  metrics.set(prefix + "_samples_per_second", rounded(static_cast<double>(samples) / seconds, 3));
  metrics.set(prefix + "_steps_per_second", rounded(static_cast<double>(batches) / seconds, 3));
}

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

Metrics Trainer::Impl::evaluate(std::shared_ptr<const Dataset> dataset, const std::string& prefix) {
  if (!dataset) dataset = options.eval_dataset;
  if (!dataset) {
    throw InvalidArgumentError("evaluate() needs a dataset, or TrainerOptions::eval_dataset.");
  }
  const auto start = options.clock->steady_now();
  const DataLoader loader = eval_loader(dataset);
  EvaluationSums sums;
  {
    const torch::NoGradGuard no_grad;
    const EvalModeGuard eval_mode(*options.model);
    const auto batches = loader.epoch(0);
    while (auto batch = batches->next()) {
      const Batch inputs = on_device(std::move(*batch), device());
      sums.add(options.model->forward(inputs), inputs, static_cast<bool>(options.compute_metrics));
      callbacks.prediction_step(event());
    }
  }
  Metrics result;
  if (const auto loss = sums.loss()) result.set(prefix + "_loss", *loss);
  if (options.compute_metrics) {
    for (const auto& [name, value] : options.compute_metrics(sums.prediction())) {
      result.set(prefixed(prefix, name), value);
    }
  }
  add_speed(result, prefix, seconds_since(start), sums.num_samples(), loader.size());
  result.set("epoch", state.epoch);
  LogRow logs;
  for (const auto& [name, value] : result) logs.emplace_back(name, value);
  log(std::move(logs));
  callbacks.evaluate(event(), result);
  return result;
}

}  // namespace torchhub
