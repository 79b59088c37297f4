#include "server/api/account_description.h"

#include <nlohmann/json.hpp>

namespace torchhub::server {

using nlohmann::json;

std::string avatar_url(const std::string& base_url, const std::string& name) {
  return base_url + "/avatars/" + name + ".svg";
}

std::string avatar_url(const std::string& base_url, const Account& account) {
  return avatar_url(base_url, account.name);
}

json describe_user(const std::string& base_url, const Account& user) {
  return {{"_id", user.id},    {"type", "user"},
          {"user", user.name}, {"fullname", user.fullname},
          {"isPro", false},    {"avatarUrl", avatar_url(base_url, user)}};
}

json describe_organization(const std::string& base_url, const Account& organization) {
  return {{"_id", organization.id},    {"type", "org"},
          {"name", organization.name}, {"fullname", organization.fullname},
          {"isEnterprise", false},     {"avatarUrl", avatar_url(base_url, organization)}};
}

}  // namespace torchhub::server
