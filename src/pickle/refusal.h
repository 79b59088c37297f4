#pragma once

#include "torchhub/base/error.h"

namespace torchhub::pickle {

/// A reason why a pickle is refused, without the place; the reader adds it.
class Refusal : public Error {
 public:
  using Error::Error;
};

}  // namespace torchhub::pickle
