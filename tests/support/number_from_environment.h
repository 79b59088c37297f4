#pragma once

#include <cstdlib>

namespace torchhub::testing {

/// How much of something a long run of a test is to do.
inline int number_from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

}  // namespace torchhub::testing
