#pragma once

#include "server/http/request.h"

#include <optional>
#include <string>

namespace torchhub::server {

/// What an Authorization header holds.
struct Credentials {
  std::string token = {};  ///< Empty if the header cannot be read.
  /// A Basic password that does not look like a token: somebody typed that of their account.
  bool is_password = false;
};

/// Bearer; or Basic with the token as password and any user name, or as user name with an empty
/// password or `x`. Nothing if there is no header.
std::optional<Credentials> credentials_of(const HttpRequest& request);

}  // namespace torchhub::server
