#pragma once

#include "support/child_process.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <vector>

namespace torchhub::testing {

/// A port of loopback that is free now.
int free_port();

/// Several ranks of one program on this host, started without a launcher: nobody ends the others
/// when one fails. Those that still run end with the scope.
class RankGroup {
 public:
  /// @param command the program first
  RankGroup(int world_size, const std::vector<std::string>& command);

  ChildProcess& operator[](std::size_t rank) { return *ranks_.at(rank); }
  /// Waits for all. What each printed as JSON; where one did not end with 0: its exit_code and
  /// errors.
  std::vector<nlohmann::json> results();

 private:
  std::vector<std::unique_ptr<ChildProcess>> ranks_;
};

}  // namespace torchhub::testing
