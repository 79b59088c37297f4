// What the Trainer evaluates and predicts.
#include "trainer/evaluation_pass.h"
#include "training/autocast.h"

namespace torchhub {

Metrics Trainer::evaluate(std::shared_ptr<const Dataset> dataset, const std::string& prefix) {
  if (!dataset && !impl_->options.eval_datasets.empty()) {
    Metrics all;
    for (const auto& [name, each] : impl_->options.eval_datasets) {
      for (const auto& [key, value] : evaluate(each, prefix + "_" + name)) all.set(key, value);
    }
    return all;
  }
  if (!dataset) dataset = impl_->options.eval_dataset;
  if (!dataset) {
    throw InvalidArgumentError("evaluate() needs a dataset, or TrainerOptions::eval_dataset.");
  }
  const bool measured = impl_->memory.start("eval");
  const std::int64_t samples = dataset->size();
  const DataLoader loader = get_eval_dataloader(std::move(dataset));
  Metrics result = EvaluationPass(*this, prefix, false).over(loader, samples).metrics;
  result.set("epoch", impl_->state.epoch);
  LogRow logs;
  for (const auto& [name, value] : result) logs.emplace_back(name, value);
  log(std::move(logs));
  impl_->callbacks.evaluate(impl_->event(), result);
  impl_->memory.stop(measured, result);
  return result;
}

PredictionOutput Trainer::predict(std::shared_ptr<const Dataset> dataset,
                                  const std::string& prefix) {
  if (!dataset) throw InvalidArgumentError("predict() needs a dataset.");
  const bool measured = impl_->memory.start("test");
  const std::int64_t samples = dataset->size();
  const DataLoader loader = get_test_dataloader(std::move(dataset));
  PredictionOutput out = EvaluationPass(*this, prefix, true).over(loader, samples);
  impl_->callbacks.predict(impl_->event(), out.metrics);
  impl_->memory.stop(measured, out.metrics);
  return out;
}

ModelOutput Trainer::prediction_step(const Batch& inputs) {
  const bool has_labels = impl_->labels_of(inputs).defined();
  const AutocastGuard autocast(impl_->device().type(), impl_->autocast_type());
  ModelOutput output = impl_->options.model->forward(inputs);
  if (!has_labels) output.loss = at::Tensor();
  return output;
}

}  // namespace torchhub
