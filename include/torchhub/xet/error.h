#pragma once

#include "torchhub/base/error.h"

namespace torchhub::xet {

/// A xorb or a shard is damaged, is not what it is said to be, or breaks a limit.
class XetError : public Error {
 public:
  using Error::Error;
};

}  // namespace torchhub::xet
