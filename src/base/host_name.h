#pragma once

#include <string>

namespace torchhub {

/// Of this machine; "localhost" if the kernel does not say.
std::string host_name();

}  // namespace torchhub
