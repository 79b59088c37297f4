#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

namespace torchhub {

/// Calls work(0) ... work(count - 1), each once, on up to `workers` threads, and joins them. The
/// first exception requests a stop for the others and is thrown again here; theirs are its echoes.
void for_each_in_parallel(std::size_t count, int workers, std::stop_token stop,
                          const std::function<void(std::size_t, std::stop_token)>& work);

}  // namespace torchhub
