#include "server/accounts/token_grant.h"

#include "torchhub/base/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub::server {

using nlohmann::json;

bool TokenGrant::allows(TokenPermission permission) const {
  return std::find(permissions.begin(), permissions.end(), permission) != permissions.end();
}

std::string to_json(const std::vector<TokenGrant>& grants) {
  json out = json::array();
  for (const TokenGrant& grant : grants) {
    json words = json::array();
    for (TokenPermission permission : grant.permissions) words.push_back(to_string(permission));
    out.push_back({{"kind", grant.kind}, {"id", grant.id}, {"permissions", std::move(words)}});
  }
  return out.dump();
}

std::vector<TokenGrant> parse_grants(std::string_view text) {
  std::vector<TokenGrant> out;
  try {
    for (const json& entry : json::parse(text)) {
      TokenGrant grant{entry.at("kind"), entry.at("id")};
      for (const json& word : entry.at("permissions")) {
        grant.permissions.push_back(parse_token_permission(word.get<std::string>()));
      }
      out.push_back(std::move(grant));
    }
  } catch (const json::exception&) {
    throw Error("A token's scopes in the database are damaged. Revoke it and make a new one.");
  }
  return out;
}

bool allows(const std::vector<TokenGrant>& grants, std::string_view id,
            TokenPermission permission) {
  return std::any_of(grants.begin(), grants.end(), [&](const TokenGrant& grant) {
    return grant.id == id && grant.allows(permission);
  });
}

}  // namespace torchhub::server
