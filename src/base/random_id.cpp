#include "torchhub/base/random_id.h"

#include "torchhub/base/error.h"

#include <openssl/rand.h>

#include <string_view>
#include <vector>

namespace torchhub {
namespace {

std::vector<unsigned char> random_bytes(std::size_t count) {
  std::vector<unsigned char> bytes(count);
  if (RAND_bytes(bytes.data(), static_cast<int>(count)) != 1) {
    throw Error("The system's random generator gave no bytes.");
  }
  return bytes;
}

}  // namespace

std::string random_hex(std::size_t bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (unsigned char byte : random_bytes(bytes)) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string random_base62(std::size_t length) {
  constexpr std::string_view kDigits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out;
  while (out.size() < length) {
    for (unsigned char byte : random_bytes(length)) {
      if (byte >= 4 * kDigits.size() || out.size() == length) continue;  // keeps it unbiased
      out += kDigits[byte % kDigits.size()];
    }
  }
  return out;
}

std::string random_uuid() {
  std::string hex = random_hex(16);
  hex[12] = '4';
  hex[16] = "89ab"[static_cast<unsigned>(hex[16]) % 4];
  for (std::size_t at : {20U, 16U, 12U, 8U}) hex.insert(at, "-");
  return hex;
}

}  // namespace torchhub
