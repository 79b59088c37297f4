#include "server/accounts/token_store.h"

#include "server/accounts/token_value.h"
#include "torchhub/base/random_id.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/repo.h"

namespace torchhub::server {
namespace {

const std::string& token_columns() {
  static const std::string kColumns =
      "token.id, token.role, token.name, token.hint, token.scopes, token.created, token.expires, "
      "token.last_used";
  return kColumns;
}

std::optional<TimePoint> read_time(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return from_milliseconds(row.number(column));
}

TokenRow read_token(const Statement& row, int first) {
  TokenRow token{row.text(first), parse_token_role(row.text(first + 1)), row.text(first + 2),
                 row.text(first + 3)};
  if (token.role == TokenRole::fine_grained) token.grants = parse_grants(row.text(first + 4));
  token.created = from_milliseconds(row.number(first + 5));
  token.expires = read_time(row, first + 6);
  token.last_used = read_time(row, first + 7);
  return token;
}

}  // namespace

TokenRow TokenStore::add(const Account& user, TokenRow row, std::string_view value) {
  row.id = random_hex(12);
  row.hint = hint_of_token(value);
  if (row.created == TimePoint()) row.created = clock_.now();
  auto connection = database_.lease();
  Statement insert = connection->prepare(
      "INSERT INTO token(id, hash, user, name, role, scopes, hint, created, expires) "
      "VALUES(?,?,?,?,?,?,?,?,?)");
  insert.bind(row.id).bind(sha256_hex(value)).bind(user.id).bind(row.name);
  insert.bind(to_string(row.role)).bind(to_json(row.grants)).bind(row.hint);
  insert.bind(to_milliseconds(row.created));
  row.expires ? insert.bind(to_milliseconds(*row.expires)) : insert.bind_null();
  insert.step();
  return row;
}

bool TokenStore::revoke(std::string_view id_or_value) {
  auto connection = database_.lease();
  connection->run("DELETE FROM token WHERE id = ? OR hash = ?", id_or_value,
                  sha256_hex(id_or_value));
  return connection->changes() > 0;
}

bool TokenStore::revoke_value(std::string_view value) {
  if (values_ == Values::made_here && !is_token_shaped(value)) return false;
  auto connection = database_.lease();
  connection->run("DELETE FROM token WHERE hash = ?", sha256_hex(value));
  return connection->changes() > 0;
}

std::vector<std::pair<Account, TokenRow>> TokenStore::list(
    const std::optional<Account>& user) const {
  static const std::string kSql =
      "SELECT " + kAccountColumns + ", " + token_columns() +
      " FROM token JOIN account ON account.id = token.user WHERE ? = '' OR token.user = ? "
      "ORDER BY token.created DESC, token.id";
  auto connection = database_.lease();
  Statement row = connection->prepare(kSql);
  const std::string id = user ? user->id : "";
  row.bind(id).bind(id);
  std::vector<std::pair<Account, TokenRow>> out;
  while (row.step()) out.emplace_back(read_account(row), read_token(row, kAccountColumnCount));
  return out;
}

std::optional<TokenOwner> TokenStore::by_value(std::string_view value) const {
  static const std::string kSql = "SELECT " + kAccountColumns + ", " + token_columns() +
                                  " FROM token JOIN account ON account.id = token.user "
                                  "WHERE token.hash = ? AND account.disabled = 0";
  if (values_ == Values::made_here && !is_token_shaped(value)) return std::nullopt;
  auto connection = database_.lease();
  // Looked up by hash: how long it takes says nothing about the token.
  Statement row = connection->prepare(kSql);
  if (!row.bind(sha256_hex(value)).step()) return std::nullopt;
  TokenRow token = read_token(row, kAccountColumnCount);
  if (token.expires && *token.expires <= clock_.now()) return std::nullopt;
  return TokenOwner{read_account(row), token.role,          std::move(token.name),
                    token.created,     std::move(token.id), std::move(token.grants),
                    token.expires};
}

std::optional<std::string> TokenStore::entity_of(const TokenGrant& grant) const {
  auto connection = database_.lease();
  const bool account = grant.kind == "user" || grant.kind == "org";
  Statement row = connection->prepare(
      account ? "SELECT name FROM account WHERE id = ?"
              : "SELECT account.name || '/' || repo.name FROM repo "
                "JOIN account ON account.id = repo.owner WHERE repo.id = ? AND state = 'ready'");
  if (!row.bind(grant.id).step()) return std::nullopt;
  const std::string name = row.text(0);
  return account ? name : std::string(url_prefix(parse_repo_type(grant.kind))) + name;
}

void TokenStore::mark_used(const std::vector<std::pair<std::string, TimePoint>>& uses) const {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  for (const auto& [id, at] : uses) {
    connection->run("UPDATE token SET last_used = ? WHERE id = ?", to_milliseconds(at), id);
  }
  transaction.commit();
}

}  // namespace torchhub::server
