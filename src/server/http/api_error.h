#pragma once

#include "torchhub/base/error.h"
#include "torchhub/http/message.h"

#include <string>
#include <string_view>
#include <utility>

namespace torchhub::server {

/// An answer that says no. Thrown by handlers, turned into a response in one place.
class ApiError : public Error {
 public:
  ApiError(int status, const std::string& message, std::string_view code = {}, Headers headers = {})
      : Error(message), status_(status), code_(code), headers_(std::move(headers)) {}

  int status() const { return status_; }
  /// X-Error-Code; empty for none.
  const std::string& code() const { return code_; }
  /// Besides X-Error-Code and X-Error-Message.
  const Headers& headers() const { return headers_; }

 private:
  int status_;
  std::string code_;
  Headers headers_;
};

}  // namespace torchhub::server
