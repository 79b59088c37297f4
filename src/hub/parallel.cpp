#include "hub/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace torchhub {

void for_each_in_parallel(std::size_t count, int workers, std::stop_token stop,
                          const std::function<void(std::size_t, std::stop_token)>& work) {
  if (count <= 1 || workers <= 1) {
    for (std::size_t i = 0; i < count; ++i) work(i, stop);
    return;
  }
  std::stop_source all;
  const std::stop_callback pass_on(stop, [&all] { all.request_stop(); });
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr first;  // guarded by mutex; read after the threads are joined

  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        work(i, all.get_token());
      } catch (...) {  // thrown again below, on the caller's thread
        const std::scoped_lock lock(mutex);
        if (!first) first = std::current_exception();
        next = count;
        all.request_stop();
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    const std::size_t wanted = std::min<std::size_t>(count, static_cast<std::size_t>(workers));
    for (std::size_t i = 0; i < wanted; ++i) threads.emplace_back(run);
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace torchhub
