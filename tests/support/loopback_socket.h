#pragma once

#include <string_view>
#include <utility>

namespace torchhub::testing {

/// A listening socket on a free loopback port, and the port.
/// @param buffer_bytes of the connections it accepts; 0: the system's choice
std::pair<int, int> listen_on_loopback(int buffer_bytes = 0);

/// -1 if nobody listens there. @param buffer_bytes as above
int connect_to_loopback(int port, int buffer_bytes = 0);

/// @return false if the other side is gone
bool send_all(int socket, std::string_view bytes);

}  // namespace torchhub::testing
