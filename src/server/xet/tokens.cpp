#include "server/xet/tokens.h"

#include "server/http/api_error.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace torchhub::server {
namespace {

/// Keeps these seals apart from those of links.
constexpr std::string_view kSealPrefix = "xet.";
constexpr std::string_view kRights = "rwp";

[[noreturn]] void refuse_token(const char* why) {
  throw ApiError(401,
                 std::string("This Xet token ") + why +
                     ". Ask xet-write-token or xet-read-token of the repository for a new one.");
}

}  // namespace

XetTokens::Made XetTokens::make(const XetGrant& grant) const {
  Made made{{}, to_unix_seconds(clock_.now() + kLifetime)};
  made.token = fmt::format("{}{}.{}.{}.{}", kSealPrefix, grant.repo_id, grant.user_id,
                           kRights[static_cast<std::size_t>(grant.right)], made.expires);
  made.token += "." + signer_.seal(made.token);
  return made;
}

XetGrant XetTokens::read(std::string_view token) const {
  const std::size_t dot = token.rfind('.');
  if (!token.starts_with(kSealPrefix) || dot < kSealPrefix.size() ||
      !signer_.is_sealed(token.substr(0, dot), token.substr(dot + 1))) {
    refuse_token("was not made here");
  }
  // What is sealed was written by make().
  std::string_view left = token.substr(kSealPrefix.size(), dot - kSealPrefix.size());
  std::array<std::string_view, 4> parts;
  for (std::string_view& part : parts) {
    part = left.substr(0, left.find('.'));
    left.remove_prefix(std::min(part.size() + 1, left.size()));
  }
  std::int64_t expires = 0;
  std::from_chars(parts[3].data(), parts[3].data() + parts[3].size(), expires);
  const auto now = clock_.now();
  if (expires <= to_unix_seconds(now)) refuse_token("has expired");
  // A clock set back a little ends nobody's session. One that was far ahead made no token for
  // years.
  if (expires > to_unix_seconds(now + 2 * kLifetime)) {
    refuse_token("was made when the clock of this hub was ahead");
  }
  return {std::string(parts[0]), std::string(parts[1]),
          static_cast<XetRight>(kRights.find(parts[2]))};
}

}  // namespace torchhub::server
