#pragma once

#include <string>
#include <string_view>

namespace torchhub::server {

/// Places where a test ends the process as a power cut would. Which one is set when the server
/// starts; without one this is a string comparison.
class FaultPoint {
 public:
  explicit FaultPoint(std::string name = {}) : name_(std::move(name)) {}
  /// Ends the process by SIGKILL if this is the place.
  void reach(std::string_view place) const;

 private:
  std::string name_;
};

}  // namespace torchhub::server
