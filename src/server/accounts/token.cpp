#include "server/accounts/account_store.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>
#include <zlib.h>

namespace torchhub {

namespace server {

std::string make_token() {
  constexpr std::string_view kDigits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr std::size_t kRandom = 28;
  constexpr std::size_t kChecksum = 6;
  const std::string secret = random_base62(kRandom);
  auto sum = crc32(0, reinterpret_cast<const Bytef*>(secret.data()), static_cast<uInt>(kRandom));
  std::string checksum(kChecksum, '0');
  for (std::size_t place = kChecksum; place-- > 0; sum /= kDigits.size()) {
    checksum[place] = kDigits[sum % kDigits.size()];
  }
  return "hf_" + secret + checksum;
}

}  // namespace server

TokenRole parse_token_role(std::string_view word) {
  if (word == "read") return TokenRole::read;
  if (word == "write") return TokenRole::write;
  throw InvalidArgumentError(fmt::format("'{}' is not a token's role. Use read or write.", word));
}

std::string_view to_string(TokenRole role) { return role == TokenRole::read ? "read" : "write"; }

}  // namespace torchhub
