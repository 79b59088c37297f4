#pragma once

#include "server/accounts/account_store.h"
#include "server/accounts/token_grant.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

/// A token as it is kept, without its hash.
struct TokenRow {
  std::string id;
  TokenRole role = TokenRole::read;
  std::string name = {};
  std::string hint = {};
  std::vector<TokenGrant> grants = {};  ///< Of fine-grained tokens.
  TimePoint created = {};
  std::optional<TimePoint> expires = std::nullopt;
  std::optional<TimePoint> last_used = std::nullopt;
};

/// Whom a valid token stands for.
struct TokenOwner {
  Account user;
  TokenRole role = TokenRole::read;
  std::string token_name = {};
  TimePoint token_created = {};
  std::string token_id = {};
  std::vector<TokenGrant> grants = {};
  std::optional<TimePoint> expires = std::nullopt;
};

/// Tokens by their SHA-256. Safe from several threads and processes.
class TokenStore {
 public:
  /// Which values may be tokens at all.
  enum class Values {
    made_here,  ///< Those of make_token().
    any         ///< Chosen ones too: test mode.
  };

  TokenStore(Database& database, const Clock& clock, Values values)
      : database_(database), clock_(clock), values_(values) {}

  /// The row's id and hint are made here, and its time if it has none.
  TokenRow add(const Account& user, TokenRow wanted, std::string_view value);
  bool revoke(std::string_view id_or_value);
  /// Of a token's value alone. An id, which is no secret, ends nothing.
  bool revoke_value(std::string_view value);
  /// Of one user, or of all; newest first.
  std::vector<std::pair<Account, TokenRow>> list(const std::optional<Account>& user) const;
  /// Nothing for malformed, unknown, revoked and expired tokens, and for those of disabled users.
  std::optional<TokenOwner> by_value(std::string_view value) const;
  /// "ana", "ana/bert", "datasets/ana/reviews"; nothing if it is gone.
  std::optional<std::string> entity_of(const TokenGrant& grant) const;
  /// Notes the time of use of each.
  void mark_used(const std::vector<std::pair<std::string, TimePoint>>& uses) const;

 private:
  Database& database_;
  const Clock& clock_;
  Values values_;
};

}  // namespace torchhub::server
