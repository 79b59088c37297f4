#include "server/lfs/link_signer.h"

#include "server/http/api_error.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/random_id.h"
#include "torchhub/base/sha256.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace torchhub::server {
namespace {

constexpr std::size_t kKeyBytes = 32;

/// An empty key would sign what anybody can sign too.
void check_key(const std::string& key, const std::filesystem::path& file) {
  const bool hex = std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (hex && key.size() == 2 * kKeyBytes) return;
  throw Error(fmt::format(
      "'{}' does not hold the {} hex digits of a key for links. Put it back from a copy, or remove "
      "it: a new one is made at the next start, and links given out before stop working.",
      file.string(), 2 * kKeyBytes));
}

std::int64_t seconds_of(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

LinkSigner::LinkSigner(const std::filesystem::path& key_file, const Clock& clock) : clock_(clock) {
  if (!std::filesystem::exists(key_file)) write_file_atomically(key_file, random_hex(kKeyBytes));
  key_ = read_file(key_file);
  check_key(key_, key_file);
}

std::string LinkSigner::sign(const LinkGrant& grant, std::string_view expires) const {
  return hmac_sha256_hex(key_, fmt::format("{}\n{}\n{}\n{}\n{}", grant.method, grant.repo_id,
                                           grant.object.oid, grant.object.size, expires));
}

std::string LinkSigner::query(const LinkGrant& grant) const {
  const std::string expires = std::to_string(seconds_of(clock_.now() + kLifetime));
  return fmt::format("size={}&expires={}&sig={}", grant.object.size, expires, sign(grant, expires));
}

void LinkSigner::check(const LinkGrant& grant, std::string_view expires,
                       std::string_view signature) const {
  if (!equal_in_constant_time(sign(grant, expires), signature)) {
    throw ApiError(403,
                   "This link was not made here for this. Ask for a new one with an LFS batch.");
  }
  std::int64_t until = 0;
  std::from_chars(expires.data(), expires.data() + expires.size(), until);
  if (until <= seconds_of(clock_.now())) {
    throw ApiError(403, "This link has expired. Ask for a new one with an LFS batch.");
  }
}

}  // namespace torchhub::server
