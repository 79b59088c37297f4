#pragma once

#include <string_view>

namespace torchhub {

/// Does this host name or address never leave its own host?
inline bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "localhost" || address == "::1";
}

}  // namespace torchhub
