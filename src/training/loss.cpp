#include "torchhub/training/loss.h"

#include "torchhub/base/error.h"
#include "torchhub/training/metrics.h"

#include <torch/torch.h>

#include <fmt/format.h>

namespace torchhub {
namespace {

torch::Tensor without_first_label(const torch::Tensor& labels) {
  return labels.slice(/*dim=*/-1, 1);
}

void require_fitting(const torch::Tensor& logits, const torch::Tensor& labels) {
  const auto outer = logits.sizes().slice(0, static_cast<std::size_t>(logits.dim() - 1));
  if (logits.dim() >= 2 && outer == labels.sizes() && !labels.is_floating_point()) return;
  throw InvalidArgumentError(fmt::format(
      "Label smoothing needs logits [batch, ..., classes] and whole-number labels [batch, ...]; "
      "there are logits of {} dimensions and labels of {}. Set label_smoothing_factor to 0.",
      logits.dim(), labels.dim()));
}

}  // namespace

std::int64_t count_items(const at::Tensor& labels, bool shifted) {
  const torch::Tensor counted = shifted && labels.dim() > 1 ? without_first_label(labels) : labels;
  return counted.ne(metrics::kIgnoreIndex).sum().item<std::int64_t>();
}

at::Tensor label_smoothed_loss(const at::Tensor& logits, const at::Tensor& labels,
                               const LabelSmoothing& options) {
  require_fitting(logits, labels);
  torch::Tensor scores = logits;
  torch::Tensor targets = labels;
  if (options.shift_labels) {
    scores = logits.slice(/*dim=*/-2, 0, logits.size(-2) - 1);
    targets = without_first_label(labels);
  }
  const torch::Tensor negative = -torch::log_softmax(scores, -1);
  const torch::Tensor ignored = targets.eq(metrics::kIgnoreIndex);
  const torch::Tensor of_label =
      negative.gather(-1, targets.clamp_min(0).unsqueeze(-1)).squeeze(-1).masked_fill(ignored, 0);
  const torch::Tensor of_all =
      negative.sum(-1, /*keepdim=*/false, torch::kFloat32).masked_fill(ignored, 0);

  const torch::Tensor items = options.num_items
                                  ? torch::scalar_tensor(*options.num_items, of_label.options())
                                  : ignored.logical_not().sum().to(of_label.scalar_type());
  const auto classes = static_cast<double>(logits.size(-1));
  return (1 - options.epsilon) * of_label.sum() / items +
         options.epsilon * of_all.sum() / (items * classes);
}

}  // namespace torchhub
