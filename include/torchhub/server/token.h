#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

enum class TokenRole {
  read,         ///< All that its user may read.
  write,        ///< All that its user may do.
  fine_grained  ///< What its scopes name, as far as its user may do it.
};

/// "read", "write" or "fineGrained". @throws InvalidArgumentError that lists the known words
TokenRole parse_token_role(std::string_view word);
std::string_view to_string(TokenRole role);

enum class TokenPermission {
  repo_read,   ///< See private repositories.
  repo_write,  ///< Write to repositories, which includes seeing them; make some under an account.
  org_read,    ///< See one's place in an organisation.
  inference    ///< Run models.
};

/// "repo.read", "repo.write", "org.read" or "inference". @throws InvalidArgumentError that lists
/// the known words
TokenPermission parse_token_permission(std::string_view word);
std::string_view to_string(TokenPermission permission);

/// What a fine-grained token may do, and where.
struct TokenScope {
  /// A user or an organisation, for all its repositories ("ana"); or one repository ("ana/bert",
  /// "datasets/ana/reviews").
  std::string entity;
  std::vector<TokenPermission> permissions = {};

  /// "ana/bert=repo.read,repo.write". @throws InvalidArgumentError
  static TokenScope parse(std::string_view text);
  bool operator==(const TokenScope&) const = default;
};

struct NewToken {
  std::string user;  ///< Whom it stands for.
  TokenRole role = TokenRole::read;
  std::string name = "token";  ///< What whoami and lists call it.
  /// Unset: it does not expire. Over 0.
  std::optional<std::chrono::seconds> lifetime = std::nullopt;
  std::vector<TokenScope> scopes = {};  ///< Of fine-grained tokens, and only of these.
};

/// What can be told of a token that exists. Its value cannot.
struct TokenInfo {
  using TimePoint = std::chrono::system_clock::time_point;

  std::string id;  ///< 24 hex digits, by which it can be revoked.
  std::string user = {};
  std::string name = {};
  TokenRole role = TokenRole::read;
  std::vector<TokenScope> scopes = {};
  std::string hint = {};  ///< "hf_AbCd...wXyZ"
  TimePoint created = {};
  std::optional<TimePoint> expires = std::nullopt;
  std::optional<TimePoint> last_used = std::nullopt;  ///< To the minute.
};

/// A token that was just made: the one time its value can be seen.
struct CreatedToken {
  TokenInfo info;
  std::string value;
};

}  // namespace torchhub
