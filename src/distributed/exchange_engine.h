#pragma once

#include "distributed/connection.h"
#include "torchhub/distributed/gradient_exchange.h"

#include <torch/torch.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace torchhub {

struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

/// One way of exchanging gradients. Anything it throws leaves it useless.
class ExchangeEngine {
 public:
  virtual ~ExchangeEngine() = default;
  /// Before the backward whose gradients shall travel.
  virtual void prepare(const at::Tensor& loss) = 0;
  /// After it: the means are in .grad() on return.
  virtual void finish() = 0;
  /// Whether backward threw this because another rank is lost.
  virtual bool lost_a_rank(const std::exception&) const { return false; }
};

std::unique_ptr<ExchangeEngine> make_hook_exchange(const std::vector<NamedTensor>& parameters,
                                                   ProcessGroup::Connection& connection,
                                                   const GradientExchangeOptions& options);
/// Null where this build has no reducer.
std::unique_ptr<ExchangeEngine> make_reducer_exchange(const std::vector<NamedTensor>& parameters,
                                                      ProcessGroup::Connection& connection,
                                                      const GradientExchangeOptions& options);

/// Each tensor once, under its first name: tied parameters appear twice in a module's list.
std::vector<NamedTensor> parameters_of(const torch::nn::Module& model);
std::vector<at::Tensor> buffers_of(const torch::nn::Module& model);
/// Collective. @throws InvalidArgumentError on every rank, listing where models differ from rank
/// 0's
void check_same_model(const torch::nn::Module& model, ProcessGroup& group);

/// What is thrown when parameters stay without a gradient and must not.
InvalidArgumentError missing_gradients(int rank, std::vector<std::string> names);

constexpr std::int64_t kFirstBucketBytes =
    1024 * 1024;  // early to leave, as in DistributedDataParallel
inline std::int64_t bucket_bytes(const GradientExchangeOptions& options) {
  return static_cast<std::int64_t>(options.bucket_cap_mb * 1024 * 1024);
}

}  // namespace torchhub
