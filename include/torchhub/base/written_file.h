#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace torchhub {

/// What came of writing a file.
struct WrittenFile {
  std::uint64_t size = 0;                            ///< Bytes of the whole file.
  std::optional<std::string> sha256 = std::nullopt;  ///< Lower-case hex, if asked for.
  double sha256_seconds = 0;                         ///< What that took.
};

}  // namespace torchhub
