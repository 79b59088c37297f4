#pragma once

#include <functional>
#include <optional>
#include <string>

namespace torchhub {

/// Which of several processes this one is, as its launcher says: torchrun, `torchhub launch`, Open
/// MPI, MVAPICH2, PMI (MPICH, Intel MPI) or Slurm. Without a launcher: one process.
struct ProcessEnvironment {
  int rank = 0;        ///< 0 to world_size - 1. Rank 0 is the main process.
  int world_size = 1;  ///< Processes in all.
  int local_rank = 0;  ///< Place among the processes of this host; the CUDA device to use.
  int local_world_size =
      1;  ///< Processes of this host; where the launcher does not say, at least so many.
  std::string master_addr = "127.0.0.1";  ///< Where rank 0 is met.
  int master_port = 29500;
  /// Network interface for Gloo, such as "eth0". Unset: the address of this host's name, or
  /// loopback where master_addr is loopback.
  std::optional<std::string> gloo_interface = std::nullopt;
  /// Set under torchrun, whose agent already serves the meeting point: how often it has restarted.
  std::optional<int> agent_attempt = std::nullopt;

  /// Several processes?
  bool is_distributed() const { return world_size > 1; }

  using Environment = std::function<std::optional<std::string>(const std::string& name)>;

  /// From the variables of this process. The first launcher that names a rank or a number of
  /// processes is believed, torchrun's names before all others: RANK, WORLD_SIZE, LOCAL_RANK,
  /// LOCAL_WORLD_SIZE; MASTER_ADDR and MASTER_PORT hold for each launcher. An empty value counts as
  /// not set.
  /// @throws InvalidArgumentError listing all that is missing, no number or contradictory
  static ProcessEnvironment from_environment();
  /// The same with an environment of your own.
  static ProcessEnvironment from_environment(const Environment& environment);
};

}  // namespace torchhub
