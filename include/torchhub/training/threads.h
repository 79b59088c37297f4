#pragma once

#include <optional>

namespace torchhub {

/// What the user said about threads before the program began.
struct ThreadEnvironment {
  /// OMP_NUM_THREADS, or else MKL_NUM_THREADS: LibTorch has taken them already.
  std::optional<int> num_threads = std::nullopt;
  /// OPENBLAS_NUM_THREADS: OpenBLAS has taken it already.
  std::optional<int> blas_num_threads = std::nullopt;

  static ThreadEnvironment from_environment();
};

/// How many threads should compute here: one for each physical core that the process may use (a
/// thread that waits spins, and where it shares a core it takes the time of one that works). Where
/// a virtual machine on x86-64 shows no hyperthreads, any two CPUs may be one core, and half of
/// them count, as in LibTorch 1.13. No more than a control group's quota grants. At least 1.
int default_thread_count();

/// Settles how many threads LibTorch computes with, and an OpenBLAS with threads of its own along
/// with it, which at::set_num_threads() does not reach. The first of these that is there decides:
/// `asked`; num_threads of `environment`, where everything stays as it is; a number of threads that
/// is not LibTorch's own default, since then the program called at::set_num_threads() (who sets
/// that very default cannot be told apart and should use `asked`); default_thread_count(). OpenBLAS
/// keeps what blas_num_threads says unless `asked` is there. Call it from the thread that trains,
/// before the first step: the order in which threads add up numbers is part of a run's results.
/// @return at::get_num_threads() afterwards
/// @throws InvalidArgumentError if `asked` is below 1
int apply_thread_count(
    std::optional<int> asked = std::nullopt,
    const ThreadEnvironment& environment = ThreadEnvironment::from_environment());

}  // namespace torchhub
