#include "server/accounts/credentials.h"

#include "server/accounts/account_store.h"
#include "torchhub/base/base64.h"

#include <algorithm>

namespace torchhub::server {
namespace {

constexpr std::string_view kTokenPrefix = "hf_";

Credentials of_basic(const std::string& encoded) {
  const std::string pair = base64_decode(encoded).value_or("");
  const std::size_t colon = pair.find(':');
  if (colon == std::string::npos) return {};
  const std::string name = pair.substr(0, colon);
  const std::string password = pair.substr(colon + 1);
  // git users also give the token as the name.
  if (password.empty() || password == "x") return {name};
  return {password, !password.starts_with(kTokenPrefix)};
}

}  // namespace

std::optional<Credentials> credentials_of(const HttpRequest& request) {
  const auto header = request.headers.get("Authorization");
  if (!header) return std::nullopt;
  const std::size_t blank = header->find(' ');
  if (blank == std::string::npos) return Credentials();
  const std::string scheme = folded(header->substr(0, blank));
  const std::string value =
      header->substr(std::min(header->find_first_not_of(' ', blank), header->size()));
  if (scheme == "bearer") return Credentials{value};
  return scheme == "basic" ? of_basic(value) : Credentials();
}

}  // namespace torchhub::server
