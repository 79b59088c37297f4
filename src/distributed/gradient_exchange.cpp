#include "torchhub/distributed/gradient_exchange.h"

#include "distributed/exchange_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace torchhub {
namespace {

void check(const GradientExchangeOptions& options) {
  if (!(options.bucket_cap_mb > 0)) {
    throw InvalidArgumentError(
        fmt::format("bucket_cap_mb is {}; it must be above 0", options.bucket_cap_mb));
  }
}

/// The reducer sends gradients as they are, and so takes only what the back end takes.
bool suits_reducer(const std::vector<NamedTensor>& parameters,
                   const ProcessGroup::Connection& connection) {
  return !parameters.empty() &&
         std::all_of(parameters.begin(), parameters.end(), [&](const NamedTensor& parameter) {
           const bool sendable =
               !connection.is_gloo || parameter.tensor.scalar_type() != at::kBFloat16;
           return sendable && parameter.tensor.device().type() == connection.device.type();
         });
}

std::unique_ptr<ExchangeEngine> make_engine(const std::vector<NamedTensor>& parameters,
                                            ProcessGroup::Connection& connection,
                                            GradientExchangeOptions& options) {
  const bool must = options.method == ExchangeMethod::reducer;
  if (must ||
      (options.method == ExchangeMethod::automatic && suits_reducer(parameters, connection))) {
    options.method = ExchangeMethod::reducer;
    auto engine = make_reducer_exchange(parameters, connection, options);
    if (engine) return engine;
    if (must) {
      throw InvalidArgumentError(
          "This torchhub was built without c10d's reducer; choose the method automatic or hooks");
    }
  }
  options.method = ExchangeMethod::hooks;
  return make_hook_exchange(parameters, connection, options);
}

}  // namespace

InvalidArgumentError missing_gradients(int rank, std::vector<std::string> names) {
  return {fmt::format("These parameters got no gradient on rank {}; if that is meant, set "
                      "find_unused_parameters",
                      rank),
          std::move(names)};
}

struct GradientExchange::Impl {
  torch::nn::Module& model;
  ProcessGroup& group;
  GradientExchangeOptions options;
  std::unique_ptr<ExchangeEngine> engine = nullptr;  // null with one process, or after a failure
};

GradientExchange::GradientExchange(torch::nn::Module& model, ProcessGroup& group,
                                   const GradientExchangeOptions& options)
    : impl_(new Impl{model, group, options}) {
  check(options);
  if (group.connection() == nullptr) return;
  check_same_model(model, group);
  std::vector<NamedTensor> parameters = parameters_of(model);
  std::vector<at::Tensor> state = buffers_of(model);
  for (const NamedTensor& parameter : parameters) state.push_back(parameter.tensor);
  group.broadcast(state);
  std::erase_if(parameters,
                [](const NamedTensor& parameter) { return !parameter.tensor.requires_grad(); });
  impl_->engine = make_engine(parameters, *group.connection(), impl_->options);
}

GradientExchange::~GradientExchange() = default;

ExchangeMethod GradientExchange::method() const { return impl_->options.method; }

void GradientExchange::backward(const at::Tensor& loss) {
  ProcessGroup::Connection* const connection = impl_->group.connection();
  if (connection == nullptr) return loss.backward();
  if (!impl_->engine) {
    throw DistributedError(
        fmt::format("Rank {} of {} cannot exchange gradients: an earlier exchange failed, and the "
                    "ranks are out of "
                    "step. Start all ranks again.",
                    connection->rank, connection->world_size));
  }
  // Whatever goes wrong from here on, the others may already wait for sums that this rank won't
  // send.
  std::unique_ptr<ExchangeEngine> engine = std::move(impl_->engine);
  try {
    engine->prepare(loss);
    loss.backward();
    engine->finish();
  } catch (const std::exception& error) {
    if (engine->lost_a_rank(error)) throw connection->failure("the gradient exchange", error);
    throw;
  }
  impl_->engine = std::move(engine);
}

void GradientExchange::broadcast_buffers() {
  if (impl_->options.broadcast_buffers) impl_->group.broadcast(buffers_of(impl_->model));
}

}  // namespace torchhub
