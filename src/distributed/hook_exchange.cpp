#include "distributed/hook_exchange.h"

#include "distributed/graph_nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace torchhub {

struct HookExchange::Hook final : torch::autograd::FunctionPostHook {
  Hook(HookExchange& exchange_, std::size_t index_) : exchange(exchange_), index(index_) {}
  torch::autograd::variable_list operator()(const torch::autograd::variable_list& outputs,
                                            const torch::autograd::variable_list&) override {
    exchange.on_gradient(index);
    return outputs;
  }
  HookExchange& exchange;
  std::size_t index;
};

HookExchange::HookExchange(const std::vector<NamedTensor>& parameters,
                           ProcessGroup::Connection& connection,
                           const GradientExchangeOptions& options)
    : connection_(connection),
      find_unused_(options.find_unused_parameters || options.static_graph),
      static_graph_(options.static_graph) {
  for (const NamedTensor& parameter : parameters) parameters_.push_back({parameter});
  fill_buckets(std::min(kFirstBucketBytes, bucket_bytes(options)), bucket_bytes(options));
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& parameter = parameters_[i];
    parameter.accumulator = torch::autograd::impl::grad_accumulator(parameter.named.tensor);
    parameter.hook = parameter.accumulator->add_post_hook(std::make_unique<Hook>(*this, i));
  }
}

HookExchange::~HookExchange() {
  for (const Parameter& parameter : parameters_) {
    parameter.accumulator->del_post_hook(parameter.hook);
  }
}

/// Backward reaches the last parameters first, so they fill the first bucket.
void HookExchange::fill_buckets(std::int64_t first_bytes, std::int64_t bytes) {
  std::int64_t left = 0;
  for (std::size_t i = parameters_.size(); i-- > 0;) {
    const at::Tensor& tensor = parameters_[i].named.tensor;
    const auto size = static_cast<std::int64_t>(tensor.nbytes());
    const bool fits =
        !buckets_.empty() && size <= left &&
        parameters_[buckets_.back().members[0]].named.tensor.options().type_equal(tensor.options());
    if (!fits) {
      left = buckets_.empty() ? first_bytes : bytes;
      buckets_.emplace_back();
    }
    left -= size;
    buckets_.back().members.push_back(i);
    parameters_[i].bucket = buckets_.size() - 1;
  }
  for (Bucket& bucket : buckets_) make_storage(bucket);
}

void HookExchange::make_storage(Bucket& bucket) {
  std::int64_t elements = 0;
  for (const std::size_t i : bucket.members) elements += parameters_[i].named.tensor.numel();
  const at::Tensor& model = parameters_[bucket.members[0]].named.tensor;
  const at::Device device = connection_.is_gloo ? connection_.device : model.device();
  const at::ScalarType type = model.scalar_type();
  bucket.flat =
      at::zeros({elements},
                at::TensorOptions(device).dtype(connection_.is_gloo ? type_for_gloo(type) : type));
  std::int64_t begin = 0;
  for (const std::size_t i : bucket.members) {
    const at::Tensor& tensor = parameters_[i].named.tensor;
    parameters_[i].view = bucket.flat.narrow(0, begin, tensor.numel()).view(tensor.sizes());
    begin += tensor.numel();
  }
}

void HookExchange::prepare(const at::Tensor& loss) {
  const std::lock_guard lock(mutex_);
  for (Parameter& parameter : parameters_) parameter.ready = false;
  for (Bucket& bucket : buckets_) bucket.pending = bucket.members.size();
  next_bucket_ = 0;
  armed_ = true;
  if (knows_graph_) {
    for (const std::size_t i : never_used_here_) mark_ready(i);
  } else if (find_unused_) {
    mark_unreachable(loss);
  }
}

/// Parameters that this backward will not reach must not keep their buckets waiting for its end.
void HookExchange::mark_unreachable(const at::Tensor& loss) {
  const auto reached = nodes_below(loss);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (reached.contains(parameters_[i].accumulator.get())) continue;
    if (static_graph_) never_used_here_.push_back(i);
    mark_ready(i);
  }
}

void HookExchange::on_gradient(std::size_t index) {
  const std::lock_guard lock(mutex_);
  if (armed_) mark_ready(index);
}

void HookExchange::mark_ready(std::size_t index) {
  Parameter& parameter = parameters_[index];
  if (parameter.ready) {
    throw InvalidArgumentError(
        fmt::format("'{}' got a gradient that was not expected any more; {}", parameter.named.name,
                    static_graph_ ? "the graph is not static: set static_graph to false"
                                  : "only one backward may run within an exchange"));
  }
  parameter.ready = true;
  at::NoGradGuard no_grad;
  const at::Tensor& gradient = parameter.named.tensor.grad();
  if (!gradient.defined()) {
    parameter.view.zero_();
  } else if (gradient.layout() != at::kStrided) {
    throw InvalidArgumentError(fmt::format(
        "The gradient of '{}' is sparse; several processes exchange dense gradients only. Make its "
        "embedding without sparse gradients.",
        parameter.named.name));
  } else {
    parameter.view.copy_(gradient);
  }
  if (--buckets_[parameter.bucket].pending == 0) start_full_buckets();
}

void HookExchange::start_full_buckets() {
  while (next_bucket_ < buckets_.size() && buckets_[next_bucket_].pending == 0) {
    Bucket& bucket = buckets_[next_bucket_];
    // Before the sum, which half precision might not hold.
    bucket.flat.div_(connection_.world_size);
    bucket.work = connection_.start_sum(bucket.flat);
    ++next_bucket_;
  }
}

void HookExchange::finish() {
  const std::lock_guard lock(mutex_);
  armed_ = false;
  at::NoGradGuard no_grad;
  mark_the_rest();
  const std::vector<bool> used = find_used();
  for (Bucket& bucket : buckets_) {
    connection_.wait("the gradient exchange", bucket.work);
    bucket.work.reset();
    write_back(bucket, used);
  }
}

void HookExchange::mark_the_rest() {
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].ready) continue;
    missing.push_back(parameters_[i].named.name);
    if (find_unused_) mark_ready(i);
  }
  if (missing.empty() || find_unused_) return;
  throw missing_gradients(connection_.rank, std::move(missing));
}

/// Which parameters have a gradient on any rank. The others must keep none, or an optimizer with
/// momentum or weight decay would move them.
std::vector<bool> HookExchange::find_used() {
  if (knows_graph_) return used_anywhere_;
  std::vector<bool> used(parameters_.size(), true);
  if (find_unused_) {
    at::Tensor here = at::zeros({static_cast<std::int64_t>(parameters_.size())}, at::kInt);
    auto* const flags = here.data_ptr<std::int32_t>();
    for (std::size_t i = 0; i < used.size(); ++i) {
      flags[i] = parameters_[i].named.tensor.grad().defined() ? 1 : 0;
    }
    at::Tensor sum = here.to(connection_.device);
    connection_.wait("the gradient exchange", connection_.start_sum(sum));
    sum = sum.cpu();
    for (std::size_t i = 0; i < used.size(); ++i) used[i] = sum.data_ptr<std::int32_t>()[i] > 0;
  }
  if (static_graph_) {
    used_anywhere_ = used;
    knows_graph_ = true;
  }
  return used;
}

void HookExchange::write_back(const Bucket& bucket, const std::vector<bool>& used) {
  for (const std::size_t i : bucket.members) {
    if (!used[i]) continue;
    const at::Tensor& tensor = parameters_[i].named.tensor;
    if (tensor.grad().defined()) {
      tensor.grad().copy_(parameters_[i].view);
    } else {
      tensor.mutable_grad() = at::empty_like(tensor).copy_(parameters_[i].view);
    }
  }
}

std::unique_ptr<ExchangeEngine> make_hook_exchange(const std::vector<NamedTensor>& parameters,
                                                   ProcessGroup::Connection& connection,
                                                   const GradientExchangeOptions& options) {
  return std::make_unique<HookExchange>(parameters, connection, options);
}

}  // namespace torchhub
