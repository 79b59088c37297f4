#include "torchhub/base/error.h"
#include "torchhub/server/token.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace torchhub {
namespace {

constexpr std::array<std::pair<TokenRole, std::string_view>, 3> kTokenRoles{
    {{TokenRole::read, "read"},
     {TokenRole::write, "write"},
     {TokenRole::fine_grained, "fineGrained"}}};

constexpr std::array<std::pair<TokenPermission, std::string_view>, 4> kPermissions{
    {{TokenPermission::repo_read, "repo.read"},
     {TokenPermission::repo_write, "repo.write"},
     {TokenPermission::org_read, "org.read"},
     {TokenPermission::inference, "inference"}}};

template <typename Words, typename Value>
std::string_view word_of(const Words& words, Value value) {
  for (const auto& [known, word] : words) {
    if (known == value) return word;
  }
  return words.front().second;
}

}  // namespace

TokenRole parse_token_role(std::string_view word) {
  for (const auto& [role, name] : kTokenRoles) {
    if (name == word) return role;
  }
  throw InvalidArgumentError(
      fmt::format("'{}' is not a token's role. Use read, write or fineGrained.", word));
}

std::string_view to_string(TokenRole role) { return word_of(kTokenRoles, role); }

TokenPermission parse_token_permission(std::string_view word) {
  for (const auto& [permission, name] : kPermissions) {
    if (name == word) return permission;
  }
  throw InvalidArgumentError(fmt::format(
      "'{}' is not a token's permission. Use repo.read, repo.write, org.read or inference.", word));
}

std::string_view to_string(TokenPermission permission) { return word_of(kPermissions, permission); }

TokenScope TokenScope::parse(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals == 0 || equals + 1 == text.size()) {
    throw InvalidArgumentError(fmt::format(
        "'{}' is no scope of a token. Write OWNER=repo.read or OWNER/NAME=repo.read,repo.write.",
        text));
  }
  TokenScope scope{std::string(text.substr(0, equals))};
  std::string_view rest = text.substr(equals + 1);
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(','));
    scope.permissions.push_back(parse_token_permission(word));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  }
  return scope;
}

}  // namespace torchhub
