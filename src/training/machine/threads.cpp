#include "torchhub/training/threads.h"

#include "base/cpu_topology.h"
#include "torchhub/base/error.h"
#include "training/machine/blas_facts.h"

#include <ATen/Parallel.h>
#include <c10/core/thread_pool.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace torchhub {
namespace {

/// The number at the start, as OpenMP reads "4,2": the outer level has 4 threads.
std::optional<int> count_in(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr) return std::nullopt;
  std::string_view text(value);
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  int count = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), count);
  if (result.ec != std::errc() || count < 1) return std::nullopt;
  return count;
}

/// What at::get_num_threads() says until somebody sets it.
int libtorch_default() {
  return std::max(1, static_cast<int>(c10::TaskThreadPoolBase::defaultNumThreads()));
}

}  // namespace

ThreadEnvironment ThreadEnvironment::from_environment() {
  ThreadEnvironment environment;
  environment.num_threads = count_in("OMP_NUM_THREADS");
  if (!environment.num_threads) environment.num_threads = count_in("MKL_NUM_THREADS");
  environment.blas_num_threads = count_in("OPENBLAS_NUM_THREADS");
  return environment;
}

int default_thread_count() { return usable_cores(cpu_topology()); }

int apply_thread_count(std::optional<int> asked, const ThreadEnvironment& environment) {
  if (asked && *asked < 1) {
    throw InvalidArgumentError(
        fmt::format("num_threads is {}. It must be at least 1; leave it unset for one thread for "
                    "each physical core.",
                    *asked));
  }
  const int now = at::get_num_threads();
  if (!asked && environment.num_threads) return now;
  const int chosen = now == libtorch_default() ? default_thread_count() : now;
  at::set_num_threads(asked.value_or(chosen));
  if (asked || !environment.blas_num_threads) set_blas_threads(asked.value_or(chosen));
  return at::get_num_threads();
}

}  // namespace torchhub
