#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <thread>

namespace torchhub {

/// Starts a thread. @throws std::system_error if there can be no more of them
using StartThread = std::function<std::jthread(const std::function<void()>& run)>;
std::jthread start_thread(const std::function<void()>& run);

/// Calls work(0) ... work(count - 1), each once, on up to `workers` threads, and joins them. The
/// first exception requests a stop for the others and is thrown again here; theirs are its echoes.
/// A thread that cannot be started is such an exception. @param start stands in for start_thread
void for_each_in_parallel(std::size_t count, int workers, std::stop_token stop,
                          const std::function<void(std::size_t, std::stop_token)>& work,
                          const StartThread& start = start_thread);

}  // namespace torchhub
