#include "torchhub/training/optimizer.h"
#include "training/optimizers/dense_memory.h"
#include "training/optimizers/gradient_kernel.h"
#include "training/optimizers/parallel_pieces.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace torchhub {
namespace {

template <typename Visitor>
void for_each_gradient(const torch::optim::Optimizer& optimizer, Visitor&& visit) {
  for (const auto& group : optimizer.param_groups()) {
    for (const at::Tensor& parameter : group.params()) {
      const at::Tensor& gradient = parameter.grad();
      if (gradient.defined()) visit(gradient);
    }
  }
}

/// The numbers of a sparse gradient, each index once.
at::Tensor numbers_of(const at::Tensor& gradient) {
  return gradient.is_sparse() ? gradient.coalesce().values() : gradient;
}

/// All gradients of an optimizer: those in plain memory in pieces, the others as tensors.
class Gradients {
 public:
  explicit Gradients(const torch::optim::Optimizer& optimizer) {
    for_each_gradient(optimizer, [this](const at::Tensor& gradient) {
      if (is_plain_memory(gradient)) {
        add_pieces(gradient);
      } else {
        list_for(gradient).push_back(gradient);
      }
    });
  }

  double norm() const {
    double squares = sum_of_pieces();
    std::vector<at::Tensor> norms;
    for (const auto& list : lists_) norms.push_back(norm_of(list));
    for (const at::Tensor& norm : norms) squares += std::pow(norm.item<double>(), 2);
    return std::sqrt(squares);
  }

  void multiply(double factor) {
    for_each_piece(count(), [&](std::int64_t i) {
      const Piece& piece = pieces_[static_cast<std::size_t>(i)];
      piece.floats ? scale(piece.floats, piece.size, factor)
                   : scale(piece.doubles, piece.size, factor);
    });
    for (auto& list : lists_) {
      const bool sparse = list.front().is_sparse();
      if (!sparse) at::_foreach_mul_(list, factor);
      if (sparse) std::for_each(list.begin(), list.end(), [&](auto& each) { each.mul_(factor); });
    }
  }

 private:
  struct Piece {
    float* floats;  ///< One of these two.
    double* doubles;
    std::int64_t size;
  };

  std::int64_t count() const { return static_cast<std::int64_t>(pieces_.size()); }

  void add_pieces(const at::Tensor& gradient) {
    const bool is_float = gradient.scalar_type() == at::kFloat;
    float* floats = is_float ? gradient.data_ptr<float>() : nullptr;
    double* doubles = is_float ? nullptr : gradient.data_ptr<double>();
    for (std::int64_t start = 0; start < gradient.numel(); start += kPieceElements) {
      pieces_.push_back({.floats = floats ? floats + start : nullptr,
                         .doubles = doubles ? doubles + start : nullptr,
                         .size = std::min(kPieceElements, gradient.numel() - start)});
    }
  }

  /// Of tensors that one operation may take together.
  std::vector<at::Tensor>& list_for(const at::Tensor& gradient) {
    for (auto& list : lists_) {
      const at::Tensor& first = list.front();
      if (first.device() == gradient.device() && first.scalar_type() == gradient.scalar_type() &&
          first.layout() == gradient.layout()) {
        return list;
      }
    }
    return lists_.emplace_back();
  }

  /// The sums of the pieces are added in their order, so threads do not change the outcome.
  double sum_of_pieces() const {
    std::vector<double> sums(pieces_.size());
    for_each_piece(count(), [&](std::int64_t i) {
      const auto at = static_cast<std::size_t>(i);
      const Piece& piece = pieces_[at];
      sums[at] = piece.floats ? sum_of_squares(piece.floats, piece.size)
                              : sum_of_squares(piece.doubles, piece.size);
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0);
  }

  /// [] on the list's device.
  static at::Tensor norm_of(const std::vector<at::Tensor>& list) {
    std::vector<at::Tensor> dense;
    for (const at::Tensor& gradient : list) dense.push_back(numbers_of(gradient));
    return at::stack(at::_foreach_norm(dense, 2)).to(at::kDouble).norm();
  }

  std::vector<Piece> pieces_;
  std::vector<std::vector<at::Tensor>> lists_;
};

}  // namespace

void clear_gradients(torch::optim::Optimizer& optimizer) {
  for (auto& group : optimizer.param_groups()) {
    for (at::Tensor& parameter : group.params()) parameter.mutable_grad().reset();
  }
}

double clip_gradients(const torch::optim::Optimizer& optimizer, double max_norm) {
  const torch::NoGradGuard no_gradients;
  Gradients gradients(optimizer);
  const double norm = gradients.norm();
  if (!(max_norm > 0)) return norm;
  const double factor = max_norm / (norm + 1e-6);  // the summand is PyTorch's
  if (!(factor >= 1)) gradients.multiply(factor);  // NaN included
  return norm;
}

}  // namespace torchhub
