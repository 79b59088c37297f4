#pragma once

#include <string>
#include <string_view>

namespace torchhub {

/// What a member of an organisation may do with its repositories.
enum class OrganizationRole {
  read,         ///< See the private ones.
  contributor,  ///< Make some, and write to those.
  write,        ///< Write to all, make and delete some.
  admin         ///< The same; and there is always one.
};

/// "read", "contributor", "write" or "admin". @throws InvalidArgumentError that lists the known
/// words
OrganizationRole parse_organization_role(std::string_view word);
std::string_view to_string(OrganizationRole role);

struct MemberInfo {
  std::string user;
  OrganizationRole role = OrganizationRole::read;
};

}  // namespace torchhub
