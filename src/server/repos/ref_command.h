#pragma once

#include <string>
#include <string_view>

namespace torchhub::server {

/// 40 zeros: no object.
inline constexpr std::string_view kNoId = "0000000000000000000000000000000000000000";

/// What somebody wants of one ref.
struct RefCommand {
  std::string old_id;  ///< Where they believe it to be; kNoId: nowhere.
  std::string new_id;  ///< Where it is to be; kNoId: nowhere.
  std::string ref;

  bool creates() const { return old_id == kNoId; }
  bool deletes() const { return new_id == kNoId; }
};

}  // namespace torchhub::server
