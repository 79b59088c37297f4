#pragma once

#include "torchhub/base/error.h"

namespace torchhub {

/// A model card that cannot be read: its front matter is not YAML, not a map, or not text.
class ModelCardError : public Error {
 public:
  using Error::Error;
};

}  // namespace torchhub
