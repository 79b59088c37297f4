#include "cli/commands.h"

#include <fmt/format.h>

#include <cstdio>

namespace torchhub::cli {

void end_with_problem(const std::string& message) {
  fmt::print(stderr, "torchhub: {}\n", message);
  throw ExitStatus{kProblemFound};
}

}  // namespace torchhub::cli
