#include "server/accounts/token_value.h"

#include "torchhub/base/random_id.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstddef>

namespace torchhub::server {
namespace {

constexpr std::string_view kDigits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kPrefix = "hf_";
constexpr std::size_t kRandom = 28;
constexpr std::size_t kChecksum = 6;

std::string checksum_of(std::string_view secret) {
  auto sum =
      crc32(0, reinterpret_cast<const Bytef*>(secret.data()), static_cast<uInt>(secret.size()));
  std::string checksum(kChecksum, '0');
  for (std::size_t place = kChecksum; place-- > 0; sum /= kDigits.size()) {
    checksum[place] = kDigits[sum % kDigits.size()];
  }
  return checksum;
}

}  // namespace

std::string make_token() {
  const std::string secret = random_base62(kRandom);
  return std::string(kPrefix) + secret + checksum_of(secret);
}

bool is_token_shaped(std::string_view value) {
  if (value.size() != kPrefix.size() + kRandom + kChecksum || !value.starts_with(kPrefix)) {
    return false;
  }
  value.remove_prefix(kPrefix.size());
  return value.substr(kRandom) == checksum_of(value.substr(0, kRandom));
}

std::string hint_of_token(std::string_view value) {
  return fmt::format("{}...{}", value.substr(0, 7), value.substr(value.size() - 4));
}

}  // namespace torchhub::server
