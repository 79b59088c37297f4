#pragma once

#include "torchhub/distributed/gradient_exchange.h"
#include "torchhub/distributed/process_group.h"
#include "torchhub/fwd.h"
#include "torchhub/training/arguments.h"
#include "torchhub/training/machine_report.h"
#include "torchhub/training/state.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// The processes that train together, and what this one does among them.
class Processes {
 public:
  /// Meets the others where there are several. @param group unset: made as `args` ask
  /// @throws InvalidArgumentError, DistributedError
  Processes(std::shared_ptr<ProcessGroup> group, const ProcessEnvironment& environment,
            const TrainingArguments& args);

  bool alone() const { return group_->world_size() == 1; }
  int rank() const { return group_->rank(); }
  int world_size() const { return group_->world_size(); }
  /// The one that talks to the Hub and logs.
  bool is_main() const { return group_->is_main(); }
  /// The first of its host.
  bool is_local_main() const { return local_rank_ == 0; }
  /// The one that writes checkpoints; with save_on_each_node one on each host.
  bool writes() const { return one_per_node_writes_ ? is_local_main() : is_main(); }
  ProcessGroup& group() const { return *group_; }

  /// What the state of a run says of them.
  void mark(TrainerState& state) const;
  /// log_level, or log_level_replica of a process that does not log.
  const std::string& log_level(const TrainingArguments& args) const;
  /// The main process goes first, the others when it has done: downloads, say, which it then
  /// shares.
  template <typename Work>
  void main_first(Work&& work) const {
    if (is_main()) work();
    group_->barrier();
    if (!is_main()) work();
  }
  /// Parameters and buffers of the main process for all.
  void share_model(torch::nn::Module& model) const;
  void share_buffers(torch::nn::Module& model) const;

 private:
  std::shared_ptr<ProcessGroup> group_;
  int local_rank_;
  bool one_per_node_writes_;
};

/// What of `args` does not work in several processes.
std::vector<std::string> problems_of_processes(const TrainingArguments& args,
                                               const ProcessEnvironment& environment);

/// What the ddp_ fields ask of the exchange of gradients.
GradientExchangeOptions exchange_options(const TrainingArguments& args);

/// Where a process runs, as it tells the others.
std::string seat(const std::string& host, const std::vector<int>& cpus);
/// Of the seats, `here` among them, those of its host, and of these those that have a CPU which
/// `here` has too: one where a launcher has bound each process to CPUs of its own.
ProcessesHere processes_among(const std::string& here, const std::vector<std::string>& seats);
/// The same of a run. All processes call it.
ProcessesHere processes_here(const ProcessEnvironment& environment, const Processes& processes);
/// How many threads each computes with where nobody said: the cores that it may use, divided among
/// those that may use any of them too. Unset: it is alone, or the environment says.
std::optional<int> threads_among(const ProcessesHere& here);

/// "rng_state.pth", or "rng_state_<rank>.pth" of several processes, as Python calls them.
std::string rng_state_name(const Processes& processes);
std::string rng_state_name(int rank);

}  // namespace torchhub
