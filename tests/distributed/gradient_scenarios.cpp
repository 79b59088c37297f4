#include "distributed/connection.h"
#include "distributed/scenarios.h"
#include "torchhub/distributed/gradient_exchange.h"

#include <torch/torch.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

struct NetImpl : torch::nn::Module {
  explicit NetImpl(int outputs = 3) : head(16, outputs) {
    for (auto& [name, layer] :
         {std::pair("first", first), {"head", head}, {"spare", spare}, {"never", never}}) {
      register_module(name, layer);
    }
    register_buffer("counts", counts);
  }
  at::Tensor forward(const at::Tensor& x, bool use_spare, bool spare_first = false) {
    if (spare_first) {
      const at::Tensor skipped = spare(x);  // backward comes to it last
      return head(torch::tanh(first(x))) + skipped;
    }
    const at::Tensor out = head(torch::tanh(first(x)));
    return use_spare ? out + spare(x) : out;
  }
  torch::nn::Linear first{6, 16}, head, spare{6, 3}, never{6, 3};
  at::Tensor counts = torch::zeros({2});
};
TORCH_MODULE(Net);

Net copy_of(Net& net) {
  Net copy;
  torch::NoGradGuard no_grad;
  const auto from = net->parameters(), to = copy->parameters();
  for (std::size_t i = 0; i < from.size(); ++i) to[i].copy_(from[i]);
  return copy;
}

/// What one micro-batch of one rank costs.
using Loss = std::function<at::Tensor(Net&, int rank, int micro_batch)>;

at::Tensor batch(int rank, int micro_batch) {
  return torch::sin(torch::arange(24).view({4, 6}) * (1 + rank) + micro_batch);
}

struct Case {
  GradientExchangeOptions options = {};
  Loss loss = {};
  int micro_batches = 1;
};

/// Three updates. The largest difference from the gradients that one process finds for the batches
/// of all ranks, and what the parameters are in the end.
json compare(ProcessGroup& group, const Case& test) {
  torch::manual_seed(group.rank());  // rank 0's parameters must win
  Net net;
  GradientExchange exchange(*net, group, test.options);
  torch::optim::SGD optimizer(net->parameters(), 0.1);
  double largest = 0;
  bool same_defined = true;
  for (int update = 0; update < 3; ++update) {
    Net whole = copy_of(net);
    optimizer.zero_grad();
    for (int micro = 0; micro < test.micro_batches; ++micro) {
      const at::Tensor loss = test.loss(net, group.rank(), micro) / test.micro_batches;
      micro + 1 < test.micro_batches ? loss.backward() : exchange.backward(loss);
      for (int rank = 0; rank < group.world_size(); ++rank) {
        (test.loss(whole, rank, micro) / (test.micro_batches * group.world_size())).backward();
      }
    }
    const auto own = net->parameters(), expected = whole->parameters();
    for (std::size_t i = 0; i < own.size(); ++i) {
      same_defined = same_defined && own[i].grad().defined() == expected[i].grad().defined();
      if (!own[i].grad().defined() || !expected[i].grad().defined()) continue;
      largest = std::max(largest, (own[i].grad() - expected[i].grad()).abs().max().item<double>());
    }
    optimizer.step();
  }
  const at::Tensor weights = torch::nn::utils::parameters_to_vector(net->parameters()).detach();
  const auto all = group.all_gather(weights);
  return {{"largest_difference", largest},
          {"defined_alike", same_defined},
          {"ranks_agree",
           std::all_of(all.begin(), all.end(),
                       [&](const at::Tensor& one) { return torch::equal(one, all[0]); })},
          {"hash", std::hash<std::string_view>()({static_cast<const char*>(weights.data_ptr()),
                                                  static_cast<std::size_t>(weights.nbytes())})},
          {"is_reducer", exchange.method() == ExchangeMethod::reducer}};
}

at::Tensor everything(Net& net, int rank, int micro) {
  return net(batch(rank, micro), true).pow(2).mean() + 0 * net->never(batch(rank, micro)).sum();
}
at::Tensor spare_not_on_rank_1(Net& net, int rank, int micro) {
  return net(batch(rank, micro), rank != 1).pow(2).mean();
}
at::Tensor spare_in_the_first_micro_batch(Net& net, int rank, int micro) {
  return net(batch(rank, micro), micro == 0).pow(2).mean();
}
at::Tensor other_order_on_odd_ranks(Net& net, int rank, int micro) {
  return net(batch(rank, micro), true, rank % 2 == 1).pow(2).mean() +
         0 * net->never(batch(rank, micro)).sum();
}

constexpr double kTiny = 1e-5;  // MiB: a bucket of its own for every parameter

json gradients(ProcessGroup& group, ExchangeMethod method) {
  const auto with = [&](double bucket_cap_mb, bool find_unused = false, bool static_graph = false) {
    return GradientExchangeOptions{.bucket_cap_mb = bucket_cap_mb,
                                   .find_unused_parameters = find_unused,
                                   .static_graph = static_graph,
                                   .method = method};
  };
  return {{"one_bucket", compare(group, {with(25), everything})},
          {"many_buckets", compare(group, {with(kTiny), everything})},
          {"accumulated", compare(group, {with(kTiny), everything, 3})},
          {"accumulated_again", compare(group, {with(kTiny), everything, 3})},
          {"unused", compare(group, {with(kTiny, true), spare_not_on_rank_1})},
          {"unused_at_last", compare(group, {with(25, true), spare_in_the_first_micro_batch, 2})},
          {"static", compare(group, {with(kTiny, false, true), spare_not_on_rank_1})},
          {"other_order", compare(group, {with(kTiny), other_order_on_odd_ranks})}};
}

template <typename Exception, typename Function>
std::string caught(Function&& call) {
  try {
    call();
    return "nothing";
  } catch (const Exception& error) {
    return error.what();
  }
}

/// Errors that all ranks meet together.
json refusals(ProcessGroup& group, ExchangeMethod method) {
  const GradientExchangeOptions options = {.method = method};
  json out;
  Net odd(group.rank() == 1 ? 2 : 3);
  out["other_model"] =
      caught<InvalidArgumentError>([&] { GradientExchange exchange(*odd, group, options); });
  out["bucket"] = caught<InvalidArgumentError>(
      [&] { GradientExchange exchange(*odd, group, {.bucket_cap_mb = 0}); });
  Net net;
  GradientExchange exchange(*net, group, options);
  out["missing"] = caught<InvalidArgumentError>(
      [&] { exchange.backward(net(batch(group.rank(), 0), true).sum()); });
  out["afterwards"] =
      caught<DistributedError>([&] { exchange.backward(net(batch(group.rank(), 0), true).sum()); });
  return out;
}

struct Mixed : torch::nn::Module {
  at::Tensor half = register_parameter("half", torch::ones({3}, at::kBFloat16));
  at::Tensor full = register_parameter("full", torch::ones({2}, at::kDouble));
  at::Tensor frozen = register_parameter("frozen", torch::ones({2}), false);
  at::Tensor tied = register_parameter("tied", full);
};

json other_types(ProcessGroup& group) {
  Mixed model;
  GradientExchange exchange(model, group);
  const double share = group.rank() + 1;
  exchange.backward((model.half.sum().to(at::kDouble) + model.full.sum()) * share);
  return {{"half", model.half.grad()[0].item<double>()},
          {"half_is_bfloat16", model.half.grad().scalar_type() == at::kBFloat16},
          {"full", model.full.grad()[0].item<double>()},
          {"frozen", model.frozen.grad().defined()}};
}

json sparse(ProcessGroup& group) {
  torch::nn::Embedding embedding(torch::nn::EmbeddingOptions(4, 2).sparse(true));
  GradientExchange exchange(*embedding, group, {.method = ExchangeMethod::hooks});
  return caught<InvalidArgumentError>([&] {
    exchange.backward(embedding(torch::tensor({1, 2})).sum());
  });
}

json buffers(ProcessGroup& group) {
  Net net;
  net->counts.fill_(group.rank() + 5);
  GradientExchange exchange(*net, group);
  const double at_first = net->counts[0].item<double>();
  net->counts.fill_(group.rank() + 7);
  exchange.broadcast_buffers();
  const double later = net->counts[0].item<double>();
  GradientExchange silent(*net, group, {.broadcast_buffers = false});
  net->counts.fill_(group.rank());
  silent.broadcast_buffers();
  return {{"at_first", at_first},
          {"later", later},
          {"off", net->counts[0].item<double>() == group.rank()}};
}

/// Counts the sums that begin, and passes them on.
class CountingCollectives final : public Collectives {
 public:
  explicit CountingCollectives(c10::intrusive_ptr<Collectives> to)
      : Collectives(to->getRank(), to->getSize()), to_(std::move(to)) {}
  const std::string getBackendName() const override { return to_->getBackendName(); }
  c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>& tensors,
                                           const c10d::AllreduceOptions& options) override {
    ++started;
    return to_->allreduce(tensors, options);
  }
  int started = 0;

 private:
  c10::intrusive_ptr<Collectives> to_;
};

/// How many buckets are on their way while backward has not come to the first layer yet.
json overlap(ProcessGroup& group) {
  Net net;
  GradientExchange exchange(*net, group, {.bucket_cap_mb = kTiny, .method = ExchangeMethod::hooks});
  c10::intrusive_ptr<Collectives>& collectives = group.connection()->collectives;
  const auto counting = c10::make_intrusive<CountingCollectives>(collectives);
  collectives = counting;
  int in_the_middle = 0;
  const at::Tensor x = batch(group.rank(), 0);
  at::Tensor middle = net->first(x);
  middle.register_hook([&](const at::Tensor& gradient) {
    in_the_middle = counting->started;
    return gradient;
  });
  const at::Tensor out = net->head(torch::tanh(middle));
  exchange.backward((out + net->spare(x) + net->never(x)).sum());
  return {{"in_the_middle", in_the_middle}, {"at_the_end", counting->started}};
}

/// Rank 1 is killed while its gradients are on their way.
json killed_in_backward(ProcessGroup& group, ExchangeMethod method) {
  Net net;
  GradientExchange exchange(*net, group, {.bucket_cap_mb = kTiny, .method = method});
  for (int update = 0; update < 3; ++update) {
    const at::Tensor x = batch(group.rank(), 0);
    at::Tensor middle = net->first(x);
    if (group.rank() == 1 && update == 2) {
      middle.register_hook([](const at::Tensor& gradient) {
        std::raise(SIGKILL);
        return gradient;
      });
    }
    exchange.backward((net->head(torch::tanh(middle)) + net->spare(x) + net->never(x)).sum());
  }
  return {};
}

}  // namespace

std::map<std::string, Scenario> gradient_scenarios() {
  const auto with = [](auto scenario, ExchangeMethod method) {
    return [scenario, method](ProcessGroup& group) { return scenario(group, method); };
  };
  std::map<std::string, Scenario> all = {
      {"other_types", other_types}, {"sparse", sparse}, {"buffers", buffers}, {"overlap", overlap}};
  for (const auto& [suffix, method] :
       {std::pair("", ExchangeMethod::automatic), {"_by_hooks", ExchangeMethod::hooks}}) {
    all[std::string("gradients") + suffix] = with(gradients, method);
    all[std::string("refusals") + suffix] = with(refusals, method);
    all[std::string("killed_in_backward") + suffix] = with(killed_in_backward, method);
  }
  return all;
}

}  // namespace torchhub::testing
