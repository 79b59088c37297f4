#pragma once

#include "torchhub/base/log.h"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::testing {

/// What is logged, from `level` on and from any thread, while it lives.
class LoggedLines {
 public:
  explicit LoggedLines(log::Level level) : before_(log::level()) {
    log::set_level(level);
    log::set_sink([this](log::Level, std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
    });
  }
  ~LoggedLines() {
    log::set_sink({});
    log::set_level(before_);
  }
  LoggedLines(const LoggedLines&) = delete;
  LoggedLines& operator=(const LoggedLines&) = delete;

  /// Lines that hold these words.
  std::ptrdiff_t count(const std::string& words) const {
    const std::lock_guard lock(mutex_);
    return std::count_if(lines_.begin(), lines_.end(), [&](const std::string& line) {
      return line.find(words) != std::string::npos;
    });
  }

 private:
  log::Level before_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_
};

}  // namespace torchhub::testing
