#pragma once

#include "figures.h"

#include <chrono>
#include <cstddef>
#include <cstring>
#include <new>
#include <optional>
#include <sys/mman.h>

/// Memory straight from the system, so that what a program has freed before is not in it.
class Pages {
 public:
  explicit Pages(std::size_t bytes) : bytes_(bytes) {
    begin_ = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (begin_ == MAP_FAILED) throw std::bad_alloc();
  }
  ~Pages() { ::munmap(begin_, bytes_); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  void* begin() const { return begin_; }
  void touch() { std::memset(begin_, 1, bytes_); }

 private:
  std::size_t bytes_;
  void* begin_;
};

enum class CopyTarget {
  used_before,  ///< Its pages are the process's already.
  new_pages     ///< The system has yet to find and to clear them.
};

/// What one memcpy of so many bytes takes, in seconds: the median of five.
inline double copy_seconds(std::size_t bytes, CopyTarget target) {
  if (bytes == 0) return 0;
  Pages from(bytes);
  from.touch();
  std::optional<Pages> to;
  std::vector<double> seconds;
  for (int round = 0; round < 5; ++round) {
    if (!to || target == CopyTarget::new_pages) to.emplace(bytes);
    if (target == CopyTarget::used_before) to->touch();
    const auto begin = std::chrono::steady_clock::now();
    std::memcpy(to->begin(), from.begin(), bytes);
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return median(seconds);
}
