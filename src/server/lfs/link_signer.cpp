#include "server/lfs/link_signer.h"

#include "server/http/api_error.h"
#include "torchhub/base/sha256.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace torchhub::server {
namespace {

std::string_view method_of(LinkUse use) {
  switch (use) {
    case LinkUse::upload:
    case LinkUse::part:
    case LinkUse::offer:
      return "PUT";
    case LinkUse::download:
      return "GET";
    case LinkUse::verify:
    case LinkUse::complete:
    case LinkUse::offered:
      return "POST";
  }
  return "";
}

/// No field of a grant of ours holds a newline, so no two grants have one text.
std::string sign(const std::string& key, const LinkGrant& grant, std::string_view expires) {
  return hmac_sha256_hex(
      key, fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", method_of(grant.use),
                       to_string(grant.use), grant.repo_id, grant.object.oid, grant.object.size,
                       grant.chunk_bytes, grant.part, grant.user_id, expires));
}

}  // namespace

std::string_view to_string(LinkUse use) {
  switch (use) {
    case LinkUse::upload:
      return "upload";
    case LinkUse::download:
      return "download";
    case LinkUse::verify:
      return "verify";
    case LinkUse::part:
      return "part";
    case LinkUse::complete:
      return "complete";
    case LinkUse::offer:
      return "offer";
    case LinkUse::offered:
      return "offered";
  }
  return "";
}

LinkSigner::LinkSigner(const std::filesystem::path& key_file, const Clock& clock)
    : clock_(clock), keys_(key_file, clock) {}

std::string LinkSigner::link(const LinkGrant& grant) const {
  const std::string expires = std::to_string(to_unix_seconds(clock_.now() + kLifetime));
  const auto keys = keys_.all();
  return fmt::format("/_lfs/{}/{}/{}{}?size={}{}{}&expires={}&sig={}", to_string(grant.use),
                     grant.repo_id, grant.object.oid,
                     grant.part > 0 ? fmt::format("/{}", grant.part) : "", grant.object.size,
                     grant.chunk_bytes > 0 ? fmt::format("&chunk={}", grant.chunk_bytes) : "",
                     grant.user_id.empty() ? "" : "&user=" + grant.user_id, expires,
                     sign(keys->front().value, grant, expires));
}

void LinkSigner::check(const LinkGrant& grant, std::string_view expires,
                       std::string_view signature) const {
  const auto time = clock_.now();
  const std::int64_t now = to_unix_seconds(time);
  const auto keys = keys_.all();
  const bool ours = std::any_of(keys->begin(), keys->end(), [&](const LinkKeys::Key& key) {
    return key.until > now && equal_in_constant_time(sign(key.value, grant, expires), signature);
  });
  if (!ours) {
    throw ApiError(403,
                   "This link was not made here for this. Ask for a new one with an LFS batch.");
  }
  std::int64_t until = 0;
  std::from_chars(expires.data(), expires.data() + expires.size(), until);
  if (until <= now) {
    throw ApiError(403, "This link has expired. Ask for a new one with an LFS batch.");
  }
  // A clock set back a little ends no download. One that was far ahead made no link for years.
  if (until > to_unix_seconds(time + 2 * kLifetime)) {
    throw ApiError(403,
                   "This link was made when the clock of this hub was ahead. Ask for a new one "
                   "with an LFS batch.");
  }
}

std::string LinkSigner::seal(std::string_view text) const {
  return hmac_sha256_hex(keys_.all()->front().value, text);
}

bool LinkSigner::is_sealed(std::string_view text, std::string_view seal) const {
  const std::int64_t now = to_unix_seconds(clock_.now());
  const auto keys = keys_.all();
  return std::any_of(keys->begin(), keys->end(), [&](const LinkKeys::Key& key) {
    return key.until > now && equal_in_constant_time(hmac_sha256_hex(key.value, text), seal);
  });
}

}  // namespace torchhub::server
