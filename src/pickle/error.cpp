#include "torchhub/pickle/error.h"

#include <fmt/format.h>

namespace torchhub {

PickleError::PickleError(const std::string& source, const std::string& problem)
    : Error(
          fmt::format("Cannot use '{}': {}. Nothing in it was run; download or write it again, or "
                      "convert it to safetensors where you trust it.",
                      source, problem)) {}

}  // namespace torchhub
