#include "torchhub/server/organization_role.h"

#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace torchhub {
namespace {

constexpr std::array<std::pair<OrganizationRole, std::string_view>, 4> kRoles{
    {{OrganizationRole::read, "read"},
     {OrganizationRole::contributor, "contributor"},
     {OrganizationRole::write, "write"},
     {OrganizationRole::admin, "admin"}}};

}  // namespace

OrganizationRole parse_organization_role(std::string_view word) {
  for (const auto& [role, name] : kRoles) {
    if (name == word) return role;
  }
  throw InvalidArgumentError(fmt::format(
      "'{}' is not a role in an organisation. Use read, contributor, write or admin.", word));
}

std::string_view to_string(OrganizationRole role) {
  for (const auto& [known, name] : kRoles) {
    if (known == role) return name;
  }
  return "read";
}

}  // namespace torchhub
