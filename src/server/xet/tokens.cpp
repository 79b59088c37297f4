#include "server/xet/tokens.h"

#include "server/http/api_error.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace torchhub::server {
namespace {

/// Keeps these seals apart from those of links.
constexpr std::string_view kPrefix = "xet.";
constexpr std::string_view kRights = "rwp";

std::int64_t seconds_of(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

[[noreturn]] void refuse(const char* why) {
  throw ApiError(401,
                 std::string("This Xet token ") + why +
                     ". Ask xet-write-token or xet-read-token of the repository for a new one.");
}

}  // namespace

XetTokens::Made XetTokens::make(const XetGrant& grant) const {
  Made made{{}, seconds_of(clock_.now() + kLifetime)};
  made.token = fmt::format("{}{}.{}.{}.{}", kPrefix, grant.repo_id, grant.user_id,
                           kRights[static_cast<std::size_t>(grant.right)], made.expires);
  made.token += "." + signer_.seal(made.token);
  return made;
}

XetGrant XetTokens::read(std::string_view token) const {
  const std::size_t dot = token.rfind('.');
  if (!token.starts_with(kPrefix) || dot < kPrefix.size() ||
      !signer_.is_sealed(token.substr(0, dot), token.substr(dot + 1))) {
    refuse("was not made here");
  }
  // What is sealed was written by make().
  std::string_view left = token.substr(kPrefix.size(), dot - kPrefix.size());
  std::array<std::string_view, 4> parts;
  for (std::string_view& part : parts) {
    part = left.substr(0, left.find('.'));
    left.remove_prefix(std::min(part.size() + 1, left.size()));
  }
  std::int64_t expires = 0;
  std::from_chars(parts[3].data(), parts[3].data() + parts[3].size(), expires);
  if (expires <= seconds_of(clock_.now())) refuse("has expired");
  return {std::string(parts[0]), std::string(parts[1]),
          static_cast<XetRight>(kRights.find(parts[2]))};
}

}  // namespace torchhub::server
