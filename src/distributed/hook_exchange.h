#pragma once

#include "distributed/exchange_engine.h"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace torchhub {

/// Hooks on the nodes that accumulate gradients fill buckets; a full bucket leaves at once, in an
/// order that is the same on all ranks: whichever gradient comes first, bucket k + 1 waits for
/// bucket k.
class HookExchange final : public ExchangeEngine {
 public:
  HookExchange(const std::vector<NamedTensor>& parameters, ProcessGroup::Connection& connection,
               const GradientExchangeOptions& options);
  ~HookExchange() override;

  void prepare(const at::Tensor& loss) override;
  void finish() override;

 private:
  // A shared_ptr in LibTorch 1, an intrusive_ptr in 2.
  using Accumulator =
      decltype(torch::autograd::impl::grad_accumulator(std::declval<const at::Tensor&>()));
  struct Hook;
  struct Parameter {
    NamedTensor named;
    Accumulator accumulator = nullptr;  // the graph itself holds it only while it lives
    std::uintptr_t hook = 0;
    std::size_t bucket = 0;
    at::Tensor view = {};  // its place in the bucket
    bool ready = false;
  };
  struct Bucket {
    at::Tensor flat = {};
    std::vector<std::size_t> members = {};
    std::size_t pending = 0;
    c10::intrusive_ptr<c10d::Work> work = {};
  };

  void fill_buckets(std::int64_t first_bytes, std::int64_t bytes);
  void make_storage(Bucket& bucket);
  void on_gradient(std::size_t index);
  void mark_ready(std::size_t index);
  void start_full_buckets();
  void mark_unreachable(const at::Tensor& loss);
  void mark_the_rest();
  std::vector<bool> find_used();
  void write_back(const Bucket& bucket, const std::vector<bool>& used);

  ProcessGroup::Connection& connection_;
  bool find_unused_;
  bool static_graph_;
  std::vector<Parameter> parameters_;
  std::vector<Bucket> buckets_;
  std::vector<std::size_t> never_used_here_;  // of a static graph, once known
  std::vector<bool> used_anywhere_;           // the same
  bool knows_graph_ = false;

  std::mutex mutex_;  // with several devices, hooks come from several threads
  bool armed_ = false;
  std::size_t next_bucket_ = 0;
};

}  // namespace torchhub
