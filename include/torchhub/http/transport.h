#pragma once

#include "torchhub/base/error.h"
#include "torchhub/http/message.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace torchhub {

/// No answer came at all: name not found, refused, broken off, silent for too long.
class ConnectionError : public Error {
 public:
  ConnectionError(const std::string& message, std::string url)
      : Error(message), url_(std::move(url)) {}
  /// Without its query.
  const std::string& url() const { return url_; }

 private:
  std::string url_;
};

/// Sends requests. An answer of any status is a Response; turning it into an error is the hub's
/// business. Wrap one transport in another to add behaviour (retry.h). Safe from several threads.
class Transport {
 public:
  virtual ~Transport() = default;
  /// @throws ConnectionError, CancelledError, FileError (of a FileSlice)
  virtual Response send(const Request& request, std::stop_token stop) = 0;
};

struct CurlOptions {
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  /// CA bundle for https; unset: the system's.
  std::optional<std::filesystem::path> ca_file = std::nullopt;
  std::string user_agent = "torchhub";
};

/// libcurl with connection reuse: an idle handle of an earlier call is taken up again.
std::shared_ptr<Transport> make_curl_transport(CurlOptions options = {});

}  // namespace torchhub
