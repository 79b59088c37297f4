#pragma once

#include "server/repos/ref_command.h"

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

/// What a push says before its pack.
struct PushRequest {
  std::vector<RefCommand> commands = {};
  std::set<std::string, std::less<>> capabilities = {};
  bool shallow = false;  ///< The pusher lacks older commits.

  bool can(std::string_view capability) const { return capabilities.contains(capability); }
  /// Whether a pack follows.
  bool has_pack() const;
};

/// What we tell a pusher that we can do.
std::string push_capabilities();

/// Reads the commands of a push (git's gitprotocol-pack), however the bytes are cut.
class PushRequestReader {
 public:
  /// @return what belongs to the pack behind the commands
  /// @throws ApiError 400 for what is no push, 413 for more refs than a push may have
  std::span<const std::byte> take(std::span<const std::byte> bytes);
  bool complete() const { return complete_; }
  /// Nothing came at all, or nothing but the end: git asks so whether it may push.
  bool only_asks() const { return complete_ && request_.commands.empty(); }
  const PushRequest& request() const { return request_; }

 private:
  void take_line(std::string_view line);
  void take_command(std::string_view line);

  PushRequest request_;
  std::string line_ = {};  ///< The line under way, with its length.
  bool complete_ = false;
};

}  // namespace torchhub::server
