#pragma once

#include "server/http/stream.h"

#include <filesystem>
#include <memory>

namespace torchhub::server {

/// Where a server's certificate and key lie, as PEM. The certificate's file may go on with those
/// that signed it.
struct TlsFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

/// The server's side of TLS 1.2 and 1.3 through OpenSSL. Safe from several threads.
class TlsContext {
 public:
  /// @throws TlsError if the files cannot be read, or the key is another certificate's
  explicit TlsContext(TlsFiles files);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// Reads the files again: for connections from now on. What was loaded stays if that fails.
  /// @throws TlsError
  void reload();

  /// Shakes hands on an accepted socket, which stays the caller's. @throws ConnectionLost
  std::unique_ptr<Stream> accept(int descriptor, std::chrono::milliseconds timeout) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace torchhub::server
