#pragma once

#include "torchhub/server/token.h"

#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

/// A scope as it is kept: by the id of what it is about, so that it goes with what was meant. A
/// later repository of the same name is another one.
struct TokenGrant {
  std::string kind;  ///< user, org, model, dataset or space.
  std::string id;
  std::vector<TokenPermission> permissions = {};

  bool allows(TokenPermission permission) const;
};

/// The column `scopes` of a token.
std::string to_json(const std::vector<TokenGrant>& grants);
/// @throws Error if it is damaged
std::vector<TokenGrant> parse_grants(std::string_view json);

/// Does any grant for one of these ids allow it?
bool allows(const std::vector<TokenGrant>& grants, std::string_view id, TokenPermission permission);

}  // namespace torchhub::server
