#pragma once

#include "torchhub/base/error.h"

namespace torchhub {

/// A file of data is not what it claims to be, or a sample cannot be had.
class DatasetError : public Error {
 public:
  using Error::Error;
};

}  // namespace torchhub
