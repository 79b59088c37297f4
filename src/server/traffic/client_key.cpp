#include "server/traffic/client_key.h"

#include "server/accounts/credentials.h"
#include "server/traffic/client_address.h"
#include "torchhub/base/sha256.h"

namespace torchhub::server {

std::string key_of_address(const HttpRequest& request) {
  return "address " + network_of(request.remote_address);
}

std::optional<std::string> key_of_token(const HttpRequest& request) {
  const auto given = credentials_of(request);
  if (!given || given->token.empty()) return std::nullopt;
  return "token " + sha256_hex(given->token);
}

}  // namespace torchhub::server
