#pragma once

#include "torchhub/base/error.h"

#include <string>

namespace torchhub {

/// A file of torch.save is damaged, holds what is not allowed in one, or does not have the shape
/// that a caller asked for. Nothing in the file was run.
class PickleError : public Error {
 public:
  using Error::Error;
  /// @param source the file, as the user knows it @param problem a sentence without its full stop
  PickleError(const std::string& source, const std::string& problem);
};

}  // namespace torchhub
