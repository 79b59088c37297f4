#pragma once

#include "torchhub/base/error.h"
#include "torchhub/distributed/environment.h"

#include <ATen/core/Tensor.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// The processes of a run have lost each other: one ended, did not answer in time, or was never
/// met. Names this rank, which noticed it, and what it was doing. The group is of no use
/// afterwards; end the process.
class DistributedError : public Error {
 public:
  using Error::Error;
};

struct ProcessGroupOptions {
  /// "gloo" or "nccl". Unset: nccl for CUDA, gloo for the CPU.
  std::optional<std::string> backend = std::nullopt;
  /// Where this rank's tensors lie: "cpu", or "cuda:<local_rank>".
  std::string device = "cpu";
  /// How long to wait for another rank, when meeting and in every operation. > 0.
  std::chrono::milliseconds timeout = std::chrono::minutes(30);
};

enum class ReduceOp { sum, mean, max };

/// The processes of a run, connected by c10d (Gloo or NCCL). Every operation is collective: all
/// ranks call the same ones in the same order, each from one thread at a time. With one process all
/// of them return at once. @throws DistributedError from every operation
class ProcessGroup {
 public:
  /// One process.
  ProcessGroup();
  /// Meets the other ranks and returns once all are there; alone it is one process. With several,
  /// SIGPIPE is ignored from now on unless the program handles it, so that a rank that ends is an
  /// error of the others and not their end.
  /// @throws InvalidArgumentError for a back end that is not known, or does not fit the device
  explicit ProcessGroup(const ProcessEnvironment& environment,
                        const ProcessGroupOptions& options = {});
  ~ProcessGroup();
  ProcessGroup(ProcessGroup&&) noexcept;
  ProcessGroup& operator=(ProcessGroup&&) noexcept;

  int rank() const { return environment_.rank; }
  int world_size() const { return environment_.world_size; }
  bool is_main() const { return rank() == 0; }
  const ProcessEnvironment& environment() const { return environment_; }

  /// Returns once every rank has called it.
  void barrier();
  /// Over all ranks, element by element; the same bits on each. `tensor` itself stays as it is.
  /// @param tensor of one shape and type on all ranks: where they differ, Gloo ends the process
  /// @throws InvalidArgumentError for the mean of integers
  at::Tensor all_reduce(const at::Tensor& tensor, ReduceOp op = ReduceOp::sum);
  /// Every rank's tensor in rank order, on this rank's device. Shapes and types may differ; at most
  /// 16 dimensions.
  std::vector<at::Tensor> all_gather(const at::Tensor& tensor);
  /// Overwrites `tensors` with those of `root`. @param tensors as many, of the same shapes and
  /// types, on all ranks
  void broadcast(const std::vector<at::Tensor>& tensors, int root = 0);
  /// A short text or flag of `root`, whatever the others pass.
  std::string broadcast_object(const std::string& object, int root = 0);
  /// A short text of every rank, in rank order.
  std::vector<std::string> all_gather_object(const std::string& object);

  struct Connection;
  /// For this library's own sources; null with one process.
  Connection* connection() const { return connection_.get(); }

 private:
  ProcessEnvironment environment_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace torchhub
