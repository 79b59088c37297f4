#pragma once

#include "torchhub/data/error.h"

#include <exception>
#include <string>

namespace torchhub {

/// Runs `work`; what it throws says `where()` first. Errors of torchhub keep their type; any other
/// exception becomes a DatasetError with the original nested in it.
template <typename Where, typename Work>
auto with_context(Where where, Work work) {
  try {
    return work();
  } catch (Error& error) {
    error.add_context(where());
    throw;
  } catch (const std::exception& error) {
    std::throw_with_nested(DatasetError(std::string(where()) + ": " + error.what()));
  }
}

}  // namespace torchhub
