#include "distributed/exchange_engine.h"
#include "distributed/graph_nodes.h"

#ifdef TORCHHUB_HAS_C10D_REDUCER

#include <torch/csrc/distributed/c10d/reducer.hpp>
#ifdef TORCHHUB_HAS_GLOO
#include <gloo/common/error.h>
#endif

#include <algorithm>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace torchhub {
namespace {

using Groups = std::vector<std::vector<std::size_t>>;
using ParameterNames = std::unordered_map<std::size_t, std::string>;
using Group = c10::intrusive_ptr<c10d::ProcessGroup>;

// The constructor as LibTorch 2.14 has it. Another one: no reducer, and hooks do the work.
template <typename Reducer>
constexpr bool kConstructorIsKnown =
    std::is_constructible_v<Reducer, std::vector<at::Tensor>, Groups, Group, std::vector<bool>,
                            std::int64_t, bool, bool, ParameterNames, std::int64_t, bool, bool,
                            std::vector<std::int64_t>>;

Group group_of(const ProcessGroup::Connection& connection) {
  const auto type = connection.is_gloo ? c10d::ProcessGroup::BackendType::GLOO
                                       : c10d::ProcessGroup::BackendType::NCCL;
  auto group = c10::make_intrusive<c10d::ProcessGroup>(connection.store, connection.rank,
                                                       connection.world_size);
  group->setBackend(connection.device.type(), type, connection.collectives);
  group->setDefaultBackend(type);
  return group;
}

template <typename Reducer>
class ReducerExchange final : public ExchangeEngine {
 public:
  ReducerExchange(const std::vector<NamedTensor>& parameters, ProcessGroup::Connection& connection,
                  const GradientExchangeOptions& options)
      : find_unused_(options.find_unused_parameters && !options.static_graph),
        rank_(connection.rank),
        parameters_(parameters) {
    std::vector<at::Tensor> tensors;
    ParameterNames names;
    for (const NamedTensor& parameter : parameters) {
      names[tensors.size()] = parameter.name;
      tensors.push_back(parameter.tensor);
    }
    const std::int64_t bytes = bucket_bytes(options);
    const std::int64_t first = std::min(kFirstBucketBytes, bytes);
    // The reducer makes its buckets anew after the first exchange, in the order in which gradients
    // came, unless parameters may be unused: only then do the first ones matter.
    const std::vector<std::size_t> limits =
        find_unused_ ? std::vector<std::size_t>{static_cast<std::size_t>(first),
                                                static_cast<std::size_t>(bytes)}
                     : std::vector<std::size_t>{std::numeric_limits<std::int64_t>::max()};
    const std::vector<bool> sparse(tensors.size(), false);
    Groups buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(tensors, limits, sparse));
    std::reverse(buckets.begin(), buckets.end());  // backward reaches the last parameters first
    reducer_ = std::make_unique<Reducer>(
        std::move(tensors), std::move(buckets), group_of(connection), sparse, bytes, find_unused_,
        false /* gradient_as_bucket_view */, std::move(names), first,
        false /* skip_all_reduce_unused_params */, false /* use_python_reducer */,
        std::vector<std::int64_t>{});
    if (options.static_graph) {
      reducer_->set_static_graph();
      learns_graph_ = true;
    }
  }

  void prepare(const at::Tensor& loss) override {
    loss_ = loss;
    reducer_->prepare_for_forward();
    reducer_->rebuild_buckets();
    reducer_->prepare_for_backward(find_unused_ ? std::vector<at::Tensor>{loss}
                                                : std::vector<at::Tensor>{});
  }

  void finish() override {
    if (std::exchange(learns_graph_, false)) reducer_->delay_all_reduce();
    const at::Tensor loss = std::exchange(loss_, {});
    try {
      reducer_->check_finalized();
    } catch (const c10::Error&) {  // it speaks of an iteration before, and of Python
      throw missing_gradients(rank_, unreached_by(loss));
    }
  }

  bool lost_a_rank(const std::exception& error) const override {
#ifdef TORCHHUB_HAS_GLOO
    if (dynamic_cast<const gloo::Exception*>(&error) != nullptr) return true;
#endif
    return dynamic_cast<const c10::DistError*>(&error) != nullptr;
  }

 private:
  std::vector<std::string> unreached_by(const at::Tensor& loss) const {
    const auto reached = nodes_below(loss);
    std::vector<std::string> names;
    for (const NamedTensor& parameter : parameters_) {
      const auto node = torch::autograd::impl::grad_accumulator(parameter.tensor);
      if (!reached.contains(node.get())) names.push_back(parameter.name);
    }
    return names;
  }

  bool find_unused_;
  bool learns_graph_ = false;  // a static graph: the first backward only counts
  int rank_;
  std::vector<NamedTensor> parameters_;
  at::Tensor loss_ = {};  // of the exchange under way
  std::unique_ptr<Reducer> reducer_;
};

template <typename Reducer>
std::unique_ptr<ExchangeEngine> make(const std::vector<NamedTensor>& parameters,
                                     ProcessGroup::Connection& connection,
                                     const GradientExchangeOptions& options) {
  if constexpr (kConstructorIsKnown<Reducer>) {
    return std::make_unique<ReducerExchange<Reducer>>(parameters, connection, options);
  } else {
    return nullptr;
  }
}

}  // namespace

std::unique_ptr<ExchangeEngine> make_reducer_exchange(const std::vector<NamedTensor>& parameters,
                                                      ProcessGroup::Connection& connection,
                                                      const GradientExchangeOptions& options) {
  return make<c10d::Reducer>(parameters, connection, options);
}

}  // namespace torchhub

#else

namespace torchhub {

std::unique_ptr<ExchangeEngine> make_reducer_exchange(const std::vector<NamedTensor>&,
                                                      ProcessGroup::Connection&,
                                                      const GradientExchangeOptions&) {
  return nullptr;
}

}  // namespace torchhub

#endif
