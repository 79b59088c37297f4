// What the Trainer evaluates and predicts.
#include "trainer/evaluation_pass.h"
#include "trainer/metric_row.h"
#include "training/autocast.h"

namespace torchhub {

Metrics Trainer::evaluate_over(const MakeLoader& make_loader, const std::string& prefix) {
  MemoryStage memory(impl_->memory, "eval");
  Metrics result = evaluation_loop(make_loader(), {.metric_key_prefix = prefix}).metrics;
  update(result, impl_->progress());
  log(row_of(result));
  impl_->callbacks.evaluate(impl_->event(), result);
  memory.report(result);
  return result;
}

Metrics Trainer::evaluate(std::shared_ptr<const Dataset> dataset, const std::string& prefix) {
  const TrainerOptions& options = impl_->options;
  if (!dataset && options.eval_stream) return evaluate(options.eval_stream, prefix);
  if (!dataset && !(options.eval_datasets.empty() && options.eval_streams.empty())) {
    Metrics all;
    const auto add = [&](const auto& sets) {
      for (const auto& [name, each] : sets) {
        update(all, evaluate(each, prefix + "_" + name));
      }
    };
    add(options.eval_datasets);
    add(options.eval_streams);
    return all;
  }
  if (!dataset) dataset = options.eval_dataset;
  if (!dataset) {
    throw InvalidArgumentError(
        "evaluate() needs data: its argument, TrainerOptions::eval_dataset, or eval_stream.");
  }
  return evaluate_over([&] { return get_eval_dataloader(std::move(dataset)); }, prefix);
}

Metrics Trainer::evaluate(std::shared_ptr<const IterableDataset> stream,
                          const std::string& prefix) {
  if (!stream) throw InvalidArgumentError("evaluate() was given a stream that is null.");
  return evaluate_over([&] { return get_eval_dataloader(std::move(stream)); }, prefix);
}

PredictionOutput Trainer::predict_over(const MakeLoader& make_loader, const std::string& prefix) {
  MemoryStage memory(impl_->memory, "test");
  PredictionOutput out =
      evaluation_loop(make_loader(), {.metric_key_prefix = prefix, .keep_predictions = true});
  impl_->callbacks.predict(impl_->event(), out.metrics);
  memory.report(out.metrics);
  return out;
}

PredictionOutput Trainer::predict(std::shared_ptr<const Dataset> dataset,
                                  const std::string& prefix) {
  if (!dataset) throw InvalidArgumentError("predict() needs a dataset.");
  return predict_over([&] { return get_test_dataloader(std::move(dataset)); }, prefix);
}

PredictionOutput Trainer::predict(std::shared_ptr<const IterableDataset> stream,
                                  const std::string& prefix) {
  if (!stream) throw InvalidArgumentError("predict() needs a stream.");
  return predict_over([&] { return get_test_dataloader(std::move(stream)); }, prefix);
}

PredictionOutput Trainer::evaluation_loop(const DataLoader& loader,
                                          const EvaluationLoopOptions& options) {
  return EvaluationPass(*this, options).over(loader);
}

ModelOutput Trainer::prediction_step(const Batch& inputs) {
  const at::Tensor labels = impl_->labels_of(inputs);
  if (labels.defined()) {
    UpdateExtent extent;  // of an update that is this batch alone
    if (impl_->counts_items()) {
      extent.num_items_in_batch = impl_->items_of(inputs);
      // As in training: of no label that counts the loss is 0.
      if (extent.num_items_in_batch == 0) extent.num_items_in_batch = 1;
    }
    return compute_loss(inputs, extent);
  }
  const AutocastGuard autocast(impl_->device().type(), impl_->autocast_type());
  ModelOutput output = impl_->options.model->forward(inputs);
  output.loss = at::Tensor();
  return output;
}

}  // namespace torchhub
