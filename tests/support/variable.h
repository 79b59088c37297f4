#pragma once

#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

namespace torchhub::testing {

/// An environment variable for the time of a scope; then it is as it was.
class Variable {
 public:
  /// @param value null: unset
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Variable() { set(before_ ? before_->c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

  void set(const char* value) const {
    value == nullptr ? ::unsetenv(name_) : ::setenv(name_, value, 1);
    ::tzset();  // it may have been TZ
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace torchhub::testing
