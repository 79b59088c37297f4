#pragma once

#include "torchhub/distributed/process_group.h"

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <torch/torch.h>
#include <torch/version.h>

#include <chrono>
#include <exception>
#include <functional>
#include <string_view>
#include <vector>

namespace torchhub {

// LibTorch 2 split what sends (Backend) from what dispatches to several of them (ProcessGroup).
#if TORCH_VERSION_MAJOR >= 2
using Collectives = c10d::Backend;
#else
using Collectives = c10d::ProcessGroup;
#endif

/// What a ProcessGroup of several ranks owns.
struct ProcessGroup::Connection {
  int rank = 0;
  int world_size = 1;
  bool is_gloo = true;
  at::Device device = at::kCPU;  ///< Where a tensor must lie to be sent.
  std::chrono::milliseconds timeout{};
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<Collectives> collectives;
  /// Closes the connections to all ranks, in use or not; may be empty. Whoever waits for this rank
  /// then notices, here and there: c10d itself would first see all that it has begun fail one by
  /// one, each after the whole timeout.
  std::function<void()> hang_up;

  /// Begins the sum over all ranks, in place.
  c10::intrusive_ptr<c10d::Work> start_sum(const at::Tensor& flat);
  /// Waits; turns what c10d throws into a DistributedError. @param operation such as "all_reduce"
  void wait(std::string_view operation, const c10::intrusive_ptr<c10d::Work>& work) const;
  /// Hangs up after c10d threw `error`. @return what to throw
  DistributedError failure(std::string_view operation, const std::exception& error) const;
};

/// The type in which gradients and the like travel over Gloo. Which of the 16 bit types it adds
/// differs between the versions of LibTorch, and it adds them on the processor: float everywhere.
inline at::ScalarType type_for_gloo(at::ScalarType type) {
  return type == at::kHalf || type == at::kBFloat16 ? at::kFloat : type;
}

/// Meets the other ranks. @throws InvalidArgumentError, DistributedError
std::unique_ptr<ProcessGroup::Connection> connect(const ProcessEnvironment& environment,
                                                  const ProcessGroupOptions& options);

}  // namespace torchhub
