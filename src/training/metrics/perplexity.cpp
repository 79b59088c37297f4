#include "torchhub/training/perplexity.h"

#include "training/metrics/metric_input.h"

#include <ATen/core/Tensor.h>

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>

namespace torchhub::metrics {
namespace {

constexpr std::string_view kPerplexity = "perplexity";

/// Logits [batch, seq - 1, vocab] beside the labels [batch, seq - 1] that they speak of.
EvalPrediction shifted(const EvalPrediction& prediction) {
  if (prediction.label_ids.dim() != 2) {
    throw_shapes_disagree(prediction, kPerplexity,
                          "logits [batch, seq, vocab] and labels [batch, seq] for a causal model");
  }
  const std::int64_t seq = prediction.label_ids.size(1);
  return {.predictions = prediction.predictions.slice(1, 0, seq - 1),
          .label_ids = prediction.label_ids.slice(1, 1)};
}

void require_logits(const EvalPrediction& prediction) {
  const at::Tensor& logits = prediction.predictions;
  const at::Tensor& labels = prediction.label_ids;
  if (logits.dim() == labels.dim() + 1 && logits.is_floating_point() &&
      logits.sizes().slice(0, labels.dim()) == labels.sizes()) {
    return;
  }
  throw_shapes_disagree(prediction, kPerplexity,
                        fmt::format("logits {}", shape_text(labels, "vocab")));
}

class Perplexity : public StreamingMetric {
 public:
  explicit Perplexity(bool causal_shift) : causal_shift_(causal_shift) {}

  std::string name() const override { return std::string(kPerplexity); }
  void add(const EvalPrediction& batch) override {
    require_predictions_and_labels(batch, kPerplexity);
    require_logits(batch);
    add_aligned(causal_shift_ ? shifted(batch) : batch);
  }
  Metrics compute() const override {
    if (tokens_ == 0) throw_nothing_counted(kPerplexity);
    return {{"perplexity", std::exp(negative_log_likelihood_ / static_cast<double>(tokens_))}};
  }
  void reset() override {
    negative_log_likelihood_ = 0;
    tokens_ = 0;
  }

 private:
  void add_aligned(const EvalPrediction& batch) {
    const at::Tensor& logits = batch.predictions;
    const std::int64_t vocab = logits.size(-1);
    const at::Tensor labels = whole_labels(batch, kPerplexity).to(logits.device()).reshape({-1});
    const at::Tensor counted = labels.ne(kIgnoreIndex).nonzero().squeeze(1);
    if (counted.numel() == 0) return;
    const at::Tensor wanted = labels.index_select(0, counted);
    // Before the gather: on CUDA an id outside would end the process's use of the device.
    require_ids_below(wanted, vocab, kPerplexity, "label",
                      fmt::format("the logits have a vocabulary of {}", vocab));
    at::Tensor rows = logits.reshape({-1, vocab}).index_select(0, counted);
    if (rows.element_size() < 4) rows = rows.to(at::kFloat);
    const at::Tensor likelihoods = rows.log_softmax(-1).gather(1, wanted.unsqueeze(1));
    negative_log_likelihood_ -= likelihoods.sum(at::kDouble).item<double>();
    tokens_ += counted.numel();
  }

  bool causal_shift_;
  double negative_log_likelihood_ = 0;
  std::int64_t tokens_ = 0;
};

}  // namespace

std::unique_ptr<StreamingMetric> streaming_perplexity() {
  return std::make_unique<Perplexity>(false);
}

std::unique_ptr<StreamingMetric> streaming_causal_perplexity() {
  return std::make_unique<Perplexity>(true);
}

Metrics perplexity(const EvalPrediction& prediction) {
  return compute_over(*streaming_perplexity(), prediction);
}

Metrics causal_perplexity(const EvalPrediction& prediction) {
  return compute_over(*streaming_causal_perplexity(), prediction);
}

}  // namespace torchhub::metrics
