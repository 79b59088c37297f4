#include "hub/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <vector>

namespace torchhub {

std::jthread start_thread(const std::function<void()>& run) { return std::jthread(run); }

void for_each_in_parallel(std::size_t count, int workers, std::stop_token stop,
                          const std::function<void(std::size_t, std::stop_token)>& work,
                          const StartThread& start) {
  if (count <= 1 || workers <= 1) {
    for (std::size_t i = 0; i < count; ++i) work(i, stop);
    return;
  }
  std::stop_source all;
  const std::stop_callback pass_on(stop, [&all] { all.request_stop(); });
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr first;  // guarded by mutex; read after the threads are joined

  const auto end_early = [&] {  // called where an exception is in flight
    const std::scoped_lock lock(mutex);
    if (!first) first = std::current_exception();
    next = count;
    all.request_stop();
  };
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        work(i, all.get_token());
      } catch (...) {  // thrown again below, on the caller's thread
        end_early();
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    const std::size_t wanted = std::min<std::size_t>(count, static_cast<std::size_t>(workers));
    threads.reserve(wanted);
    try {
      for (std::size_t i = 0; i < wanted; ++i) threads.push_back(start(run));
    } catch (...) {  // thrown again below, once those that run have noticed
      end_early();
    }
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace torchhub
