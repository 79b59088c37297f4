#pragma once

#include <utility>

namespace torchhub {

/// Raises a flag while it lives.
class FlagGuard {
 public:
  explicit FlagGuard(bool& flag) : flag_(flag), before_(std::exchange(flag, true)) {}
  ~FlagGuard() { flag_ = before_; }
  FlagGuard(const FlagGuard&) = delete;
  FlagGuard& operator=(const FlagGuard&) = delete;

 private:
  bool& flag_;
  bool before_;
};

}  // namespace torchhub
