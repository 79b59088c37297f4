#include "distributed/scenarios.h"

#include "support/rank_group.h"

#include <torch/torch.h>

#include <cerrno>
#include <csignal>
#include <unistd.h>

namespace torchhub::testing {
namespace {

using nlohmann::json;

json values_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kDouble).flatten();
  return std::vector<double>(flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel());
}

json sums(ProcessGroup& group) {
  const at::Tensor own = torch::arange(4).view({2, 2}) + 10 * group.rank();
  json out;
  out["own"] = values_of(own);
  out["float"] = values_of(group.all_reduce(own.to(at::kFloat)));
  out["int64"] = values_of(group.all_reduce(own));
  out["bfloat16"] = values_of(group.all_reduce(own.to(at::kBFloat16)));
  out["half"] = values_of(group.all_reduce(own.to(at::kHalf)));
  out["mean"] = values_of(group.all_reduce(own.to(at::kDouble), ReduceOp::mean));
  out["max"] = values_of(group.all_reduce(own, ReduceOp::max));
  out["any"] = group.all_reduce(torch::tensor(group.rank() == 1), ReduceOp::max).item<bool>();
  out["transposed"] = values_of(group.all_reduce(own.t()));
  return out;
}

json gathered(ProcessGroup& group) {
  const int rank = group.rank();
  json out;
  const auto note = [&](const std::string& name, const at::Tensor& tensor) {
    for (const at::Tensor& one : group.all_gather(tensor)) {
      out[name].push_back({{"sizes", one.sizes().vec()}, {"values", values_of(one)}});
    }
  };
  note("equal", torch::full({2}, rank));
  note("scalar", torch::tensor(rank + 0.5));
  note("first_sizes", torch::full({rank, 2}, rank, torch::kFloat));
  note("shapes", rank == 0 ? torch::ones({2, 1}) : torch::zeros({3}));
  note("types", rank == 0 ? torch::ones({1}, torch::kBool) : torch::full({1}, 2, torch::kBFloat16));
  note("empty", torch::zeros({0, 3}));
  out["texts"] = group.all_gather_object("rank " + std::to_string(rank));
  return out;
}

json broadcasts(ProcessGroup& group) {
  const int rank = group.rank();
  const at::Tensor weight = torch::full({2, 3}, rank, torch::kFloat).t();
  const at::Tensor counter = torch::tensor(100 + rank);
  const at::Tensor flag = torch::tensor(rank == 1);
  const at::Tensor none = torch::zeros({0});
  group.broadcast({weight, flag, none, counter}, 1);
  json out = {
      {"weight", values_of(weight)}, {"counter", values_of(counter)}, {"flag", flag.item<bool>()}};
  out["text"] = group.broadcast_object(rank == 0 ? "stop at 7" : "");
  out["empty"] = group.broadcast_object(rank == 1 ? "" : "x", 1);
  group.barrier();
  return out;
}

/// Rank 1 is killed while the others wait for it.
json killed(ProcessGroup& group) {
  if (group.rank() == 1) std::raise(SIGKILL);
  for (int i = 0; i < 3; ++i) group.all_reduce(torch::ones({1000}));
  return {};
}

/// Meets the other ranks once more, elsewhere.
ProcessGroup another(ProcessGroup& group, const ProcessGroupOptions& options = {}) {
  ProcessEnvironment environment = ProcessEnvironment::from_environment();
  environment.master_port = std::stoi(group.broadcast_object(std::to_string(free_port())));
  return ProcessGroup(environment, options);
}

std::sig_atomic_t volatile handled = 0;

json closed_pipes(ProcessGroup& group) {
  int ends[2];
  if (::pipe(ends) != 0 || ::close(ends[0]) != 0) return "no pipe";
  const auto fails = [&] { return ::write(ends[1], "x", 1) == -1 && errno == EPIPE; };
  json out;
  std::signal(SIGPIPE, SIG_DFL);
  another(group).barrier();
  out["default"] = fails();
  std::signal(SIGPIPE, [](int) { handled = 1; });
  another(group).barrier();
  out["handled"] = fails() && handled == 1;
  ::close(ends[1]);
  return out;
}

/// Rank 1 never takes part, and does not end either.
json silent(ProcessGroup& group) {
  // All ranks run by now, so that meeting takes no time.
  ProcessGroup impatient = another(group, {.timeout = std::chrono::seconds(2)});
  while (group.rank() == 1) ::pause();
  impatient.all_reduce(torch::ones({1}));
  return {};
}

}  // namespace

std::map<std::string, Scenario> scenarios() {
  std::map<std::string, Scenario> all = gradient_scenarios();
  all.insert({{"sums", sums},
              {"gathered", gathered},
              {"broadcasts", broadcasts},
              {"closed_pipes", closed_pipes},
              {"killed", killed},
              {"silent", silent}});
  return all;
}

}  // namespace torchhub::testing
