#pragma once

#include "torchhub/distributed/process_group.h"
#include "torchhub/fwd.h"

#include <memory>

namespace torchhub {

/// How gradients travel.
enum class ExchangeMethod {
  automatic,  ///< c10d's reducer where this build has it, else hooks.
  reducer,    ///< c10d's reducer, the engine of Python's DistributedDataParallel.
  hooks,      ///< Gradient hooks of our own that fill buckets; the sums are c10d's all the same.
};

struct GradientExchangeOptions {
  double bucket_cap_mb =
      25;  ///< MiB of gradients that travel together; the first bucket: at most 1. > 0.
  /// Parameters may stay without a gradient, on some ranks or on all. Costs a walk over the graph
  /// and one more small sum an update.
  bool find_unused_parameters = false;
  /// The same parameters are used in every update, so that they need to be found only once.
  bool static_graph = false;
  bool broadcast_buffers = true;  ///< Whether broadcast_buffers() does anything.
  ExchangeMethod method = ExchangeMethod::automatic;
};

/// Gives every rank the mean of all ranks' gradients, on their way while backward still computes
/// the rest. With one process it is just loss.backward().
class GradientExchange {
 public:
  /// Checks that all ranks hold the same model and gives them the parameters and buffers of rank 0.
  /// @param model stays on its device; has its final requires_grad; outlives this @param group
  /// outlives this @throws InvalidArgumentError on every rank if the models differ, saying where;
  /// for options out of range; for a method that this build does not have. DistributedError
  GradientExchange(torch::nn::Module& model, ProcessGroup& group,
                   const GradientExchangeOptions& options = {});
  ~GradientExchange();
  GradientExchange(const GradientExchange&) = delete;
  GradientExchange& operator=(const GradientExchange&) = delete;

  /// loss.backward(), and then the mean over all ranks in every .grad(). What earlier calls of
  /// loss.backward() have accumulated since the last exchange is part of it: micro-batches before
  /// the last of an update call loss.backward() itself. A parameter that no rank used keeps what it
  /// had.
  /// @throws DistributedError if a rank is lost; InvalidArgumentError if a parameter got no
  /// gradient and find_unused_parameters is off, or a gradient is sparse. After any of them this
  /// rank is out of step with the others: every later call throws DistributedError
  void backward(const at::Tensor& loss);

  /// Gives every rank the buffers of rank 0 (running means and the like); before each forward.
  void broadcast_buffers();

  /// Which one it uses: reducer or hooks; automatic with one process.
  ExchangeMethod method() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace torchhub
