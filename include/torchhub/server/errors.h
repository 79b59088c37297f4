#pragma once

#include "torchhub/base/error.h"

namespace torchhub {

/// The server cannot take its address: in use, not ours, or not allowed.
class ListenError : public Error {
 public:
  using Error::Error;
};

/// The certificate or key of a server cannot be used.
class TlsError : public Error {
 public:
  using Error::Error;
};

/// Another server holds the data folder.
class DataFolderInUseError : public Error {
 public:
  using Error::Error;
};

}  // namespace torchhub
