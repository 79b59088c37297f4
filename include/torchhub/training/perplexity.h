#pragma once

#include "torchhub/training/streaming_metric.h"

#include <memory>

/// e to the mean negative log-likelihood of a token.
///
/// Logits [..., vocab], labels [...], whole numbers; labels of kIgnoreIndex are left out. Each
/// token weighs the same, unlike in e to the eval_loss, which is a mean of batch means. The
/// likelihood of a token is worked out in the type of the logits, float32 at least; sums are in
/// float64. The state is two numbers, on the host; a batch needs room for two copies of its counted
/// logits.
///
/// Each throws InvalidArgumentError if logits or labels are missing or disagree in shape (as class
/// ids do, in which the likelihood is lost), for a label outside the vocabulary, and if there was
/// no token to count.
namespace torchhub::metrics {

/// {"perplexity"}, for logits at the places of their labels.
Metrics perplexity(const EvalPrediction& prediction);
/// {"perplexity"}, for logits [batch, seq, vocab] that speak of the label one place on, as those of
/// causal language models do if the labels are a copy of input_ids: the last logits and the first
/// label of each sequence are left out.
Metrics causal_perplexity(const EvalPrediction& prediction);

std::unique_ptr<StreamingMetric> streaming_perplexity();
std::unique_ptr<StreamingMetric> streaming_causal_perplexity();

}  // namespace torchhub::metrics
