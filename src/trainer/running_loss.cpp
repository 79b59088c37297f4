#include "trainer/running_loss.h"

#include <torch/torch.h>

#include <cmath>

namespace torchhub {
namespace {

constexpr std::size_t kMostPending = 256;  // losses that wait on the GPU, 4 bytes each

}  // namespace

void RunningLoss::add(const at::Tensor& loss, std::int64_t step) {
  if (!reads_late_) {
    add_number(loss.item<double>(), step);
    return;
  }
  pending_.emplace_back(loss.detach(), step);
  if (pending_.size() >= kMostPending) read_pending();
}

void RunningLoss::read_pending() {
  if (pending_.empty()) return;
  const torch::Device device = pending_.front().first.device();  // one may lie elsewhere
  std::vector<torch::Tensor> losses;
  for (const auto& [loss, step] : pending_) losses.push_back(loss.to(device, torch::kFloat64));
  const torch::Tensor on_host = torch::stack(losses).cpu();
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    add_number(on_host[static_cast<std::int64_t>(i)].item<double>(), pending_[i].second);
  }
  pending_.clear();
}

void RunningLoss::add_number(double loss, std::int64_t step) {
  if (filter_nan_ && !std::isfinite(loss)) {
    loss = sums_.loss_since_log / static_cast<double>(1 + step - sums_.last_logged_step);
  }
  sums_.loss_since_log += loss;
  sums_.total_loss += loss;
}

const LossSums& RunningLoss::sums() {
  read_pending();
  return sums_;
}

double RunningLoss::logged(std::int64_t step) {
  read_pending();
  const double mean = sums_.loss_since_log / static_cast<double>(step - sums_.last_logged_step);
  sums_.loss_since_log = 0;
  sums_.last_logged_step = step;
  return mean;
}

double RunningLoss::mean(std::int64_t step) {
  read_pending();
  const std::int64_t updates = step - sums_.first_counted_step;
  return updates > 0 ? sums_.total_loss / static_cast<double>(updates) : 0;
}

}  // namespace torchhub
