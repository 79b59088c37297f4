#include "server/accounts/account_store.h"

#include "torchhub/base/random_id.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/repo.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace torchhub::server {
namespace {

constexpr std::string_view kAccountColumns =
    "account.id, account.name, account.kind, account.private_default, account.site_admin, "
    "account.created";
constexpr int kAccountColumnCount = 6;

Account read_account(const Statement& row, int first = 0) {
  return {row.text(first),
          row.text(first + 1),
          row.text(first + 2) == "org",
          row.number(first + 3) != 0,
          row.number(first + 4) != 0,
          from_milliseconds(row.number(first + 5))};
}

constexpr std::array<std::string_view, 25> kReservedWords = {
    "api",    "datasets", "spaces",        "models",  "new",     "settings", "login",
    "logout", "join",     "static",        "healthz", "metrics", "v1",       "v2",
    "search", "org",      "docs",          "assets",  "admin",   "xet",      "lfs",
    "_lfs",   "readyz",   "organizations", "oauth"};

}  // namespace

std::string folded(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::optional<std::string> problem_of_new_name(std::string_view name) {
  if (auto problem = problem_of_name(name)) return problem;
  const std::string lower = folded(name);
  if (lower.ends_with(".git") || lower.ends_with(".ipynb")) {
    return "it must not end in '.git' or '.ipynb'";
  }
  if (std::find(kReservedWords.begin(), kReservedWords.end(), lower) != kReservedWords.end()) {
    return "it is a reserved word";
  }
  return std::nullopt;
}

std::int64_t to_milliseconds(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

TimePoint from_milliseconds(std::int64_t milliseconds) {
  return TimePoint(std::chrono::milliseconds(milliseconds));
}

Account AccountStore::insert(Connection& connection, std::string_view name, bool organization,
                             bool site_admin) const {
  // The site's own admin may have the reserved name that its pages have.
  const bool is_the_admin = site_admin && name == "admin";
  if (const auto problem = problem_of_new_name(name); problem && !is_the_admin) {
    throw InvalidArgumentError(
        fmt::format("'{}' cannot be an account's name: {}.", name, *problem));
  }
  const Account account{random_hex(12), std::string(name), organization,
                        false,          site_admin,        clock_.now()};
  try {
    connection.run(
        "INSERT INTO account(id, name, name_fold, kind, fullname, site_admin, created) "
        "VALUES(?,?,?,?,?,?,?)",
        account.id, name, folded(name), std::string_view(organization ? "org" : "user"), name,
        std::int64_t{site_admin}, to_milliseconds(account.created));
  } catch (const DatabaseError& error) {
    if (!error.is_duplicate()) throw;
    throw AccountError(fmt::format("There is already an account '{}'. Choose another name.", name));
  }
  return account;
}

Account AccountStore::create_user(std::string_view name, bool site_admin) {
  auto connection = database_.lease();
  return insert(*connection, name, false, site_admin);
}

Account AccountStore::create_organization(std::string_view name, const Account& admin) {
  auto connection = database_.lease();
  // Both or none: without a member nobody could ever use the name.
  WriteTransaction transaction(*connection);
  const Account organization = insert(*connection, name, true, false);
  connection->run("INSERT INTO member(org, user, role) VALUES(?,?,'admin')", organization.id,
                  admin.id);
  transaction.commit();
  return organization;
}

bool AccountStore::set_member(const Account& organization, const Account& user,
                              std::string_view role) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  connection->run(
      "INSERT INTO member(org, user, role) VALUES(?,?,?) "
      "ON CONFLICT(org, user) DO UPDATE SET role = excluded.role",
      organization.id, user.id, role);
  {
    Statement admin =
        connection->prepare("SELECT 1 FROM member WHERE org = ? AND role = 'admin' LIMIT 1");
    if (!admin.bind(organization.id).step()) return false;
  }
  transaction.commit();
  return true;
}

std::optional<Account> AccountStore::find(std::string_view name) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(
      fmt::format("SELECT {} FROM account WHERE name_fold = ?", kAccountColumns));
  if (!row.bind(folded(name)).step()) return std::nullopt;
  return read_account(row);
}

std::vector<Account> AccountStore::users() const {
  auto connection = database_.lease();
  Statement row = connection->prepare(
      fmt::format("SELECT {} FROM account WHERE kind = 'user' ORDER BY name", kAccountColumns));
  std::vector<Account> out;
  while (row.step()) out.push_back(read_account(row));
  return out;
}

std::vector<Membership> AccountStore::memberships(const Account& user) const {
  auto connection = database_.lease();
  Statement row = connection->prepare(
      fmt::format("SELECT {}, member.role FROM member JOIN account ON account.id = member.org "
                  "WHERE member.user = ? ORDER BY account.name",
                  kAccountColumns));
  row.bind(user.id);
  std::vector<Membership> out;
  while (row.step()) out.push_back({read_account(row), row.text(kAccountColumnCount)});
  return out;
}

std::string AccountStore::role_in(std::string_view organization_id, const Account& user) const {
  auto connection = database_.lease();
  Statement row = connection->prepare("SELECT role FROM member WHERE org = ? AND user = ?");
  return row.bind(organization_id).bind(user.id).step() ? row.text(0) : std::string();
}

void AccountStore::add_token(const Account& user, TokenRole role, std::string_view name,
                             std::string_view value) {
  const std::string hint =
      fmt::format("{}...{}", value.substr(0, 7), value.substr(value.size() - 4));
  database_.run(
      "INSERT INTO token(id, hash, user, name, role, hint, created) VALUES(?,?,?,?,?,?,?)",
      random_hex(12), sha256_hex(value), user.id, name, to_string(role), hint,
      to_milliseconds(clock_.now()));
}

bool AccountStore::revoke_token(std::string_view value) {
  auto connection = database_.lease();
  connection->run("DELETE FROM token WHERE hash = ?", sha256_hex(value));
  return connection->changes() > 0;
}

std::optional<TokenOwner> AccountStore::by_token(std::string_view value) const {
  auto connection = database_.lease();
  // Looked up by hash: how long it takes says nothing about the token.
  Statement row = connection->prepare(fmt::format(
      "SELECT {}, token.role, token.name, token.created, token.expires FROM token "
      "JOIN account ON account.id = token.user WHERE token.hash = ? AND account.disabled = 0",
      kAccountColumns));
  if (!row.bind(sha256_hex(value)).step()) return std::nullopt;
  const int next = kAccountColumnCount;
  if (!row.is_null(next + 3) && row.number(next + 3) <= to_milliseconds(clock_.now())) {
    return std::nullopt;
  }
  return TokenOwner{read_account(row), parse_token_role(row.text(next)), row.text(next + 1),
                    from_milliseconds(row.number(next + 2))};
}

}  // namespace torchhub::server
