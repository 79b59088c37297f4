#pragma once

#include <cstddef>
#include <string>

namespace torchhub {

/// `bytes` bytes from the system's generator, as lower-case hex. Good enough for keys and tokens.
std::string random_hex(std::size_t bytes);

/// `length` characters of A-Z a-z 0-9, each equally likely.
std::string random_base62(std::size_t length);

/// A version 4 UUID, as the clients put into X-Amzn-Trace-Id.
std::string random_uuid();

}  // namespace torchhub
