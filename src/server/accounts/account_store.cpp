#include "server/accounts/account_store.h"

#include "torchhub/base/random_id.h"
#include "torchhub/base/utf8.h"
#include "torchhub/wire/repo.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace torchhub::server {
namespace {

constexpr std::array<std::string_view, 26> kReservedWords = {
    "api",    "datasets", "spaces",        "models",  "new",     "settings", "login",
    "logout", "join",     "static",        "healthz", "metrics", "v1",       "v2",
    "search", "org",      "docs",          "assets",  "admin",   "xet",      "lfs",
    "_lfs",   "readyz",   "organizations", "oauth",   "avatars"};

/// For people to read, in lists and pages: one line of text.
void check_text(const std::optional<std::string>& text, const char* field) {
  constexpr std::size_t kMaxBytes = 256;
  if (!text) return;
  const bool plain = std::none_of(text->begin(), text->end(),
                                  [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (plain && is_utf8(*text) && text->size() <= kMaxBytes) return;
  throw InvalidArgumentError(fmt::format(
      "An account's {} must be one line of UTF-8 text of at most {} bytes.", field, kMaxBytes));
}

void check_settings(const AccountSettings& settings, bool organization) {
  check_text(settings.fullname, "fullname");
  check_text(settings.email, "email");
  if (!settings.email.value_or("").empty() && settings.email->find('@') == std::string::npos) {
    throw InvalidArgumentError(
        fmt::format("'{}' is no email address: it has no '@'.", *settings.email));
  }
  if (organization && (settings.site_admin || settings.disabled)) {
    throw InvalidArgumentError("Only users can be disabled, or admins of the site.");
  }
}

/// `account` with what is set in `settings`.
Account changed(Account account, const AccountSettings& settings) {
  if (settings.fullname) {
    account.fullname = settings.fullname->empty() ? account.name : *settings.fullname;
  }
  account.email = settings.email.value_or(account.email);
  account.private_default = settings.private_default.value_or(account.private_default);
  account.site_admin = settings.site_admin.value_or(account.site_admin);
  account.disabled = settings.disabled.value_or(account.disabled);
  return account;
}

/// For a transaction that must not leave an organisation without one.
bool has_admin(Connection& connection, const Account& organization) {
  Statement row =
      connection.prepare("SELECT 1 FROM member WHERE org = ? AND role = 'admin' LIMIT 1");
  return row.bind(organization.id).step();
}

}  // namespace

const std::string kAccountColumns =
    "account.id, account.name, account.kind, account.private_default, account.site_admin, "
    "account.created, account.fullname, account.email, account.disabled";

Account read_account(const Statement& row, int first) {
  return {row.text(first),
          row.text(first + 1),
          row.text(first + 2) == "org",
          row.number(first + 3) != 0,
          row.number(first + 4) != 0,
          from_milliseconds(row.number(first + 5)),
          row.text(first + 6),
          row.text(first + 7),
          row.number(first + 8) != 0};
}

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
                             const AccountSettings& settings) const {
  check_settings(settings, organization);
  // The site's own admin may have the reserved name that its pages have.
  const bool is_the_admin = settings.site_admin.value_or(false) && name == "admin";
  if (const auto problem = problem_of_new_name(name); problem && !is_the_admin) {
    throw InvalidArgumentError(
        fmt::format("'{}' cannot be an account's name: {}.", name, *problem));
  }
  Account account{.id = random_hex(12), .name = std::string(name), .is_organization = organization};
  account.created = clock_.now();
  account.fullname = account.name;
  account = changed(std::move(account), settings);
  try {
    connection.run(
        "INSERT INTO account(id, name, name_fold, kind, fullname, email, private_default, "
        "site_admin, disabled, created) VALUES(?,?,?,?,?,?,?,?,?,?)",
        account.id, name, folded(name), std::string_view(organization ? "org" : "user"),
        account.fullname, account.email, std::int64_t{account.private_default},
        std::int64_t{account.site_admin}, std::int64_t{account.disabled},
        to_milliseconds(account.created));
  } catch (const DatabaseError& error) {
    if (!error.is_duplicate()) throw;
    throw AccountError(fmt::format("There is already an account '{}'. Choose another name.", name));
  }
  return account;
}

Account AccountStore::create_user(std::string_view name, const AccountSettings& settings) {
  auto connection = database_.lease();
  return insert(*connection, name, false, settings);
}

Account AccountStore::create_organization(std::string_view name, const Account& admin) {
  auto connection = database_.lease();
  // Both or none: without a member nobody could ever use the name.
  WriteTransaction transaction(*connection);
  const Account organization = insert(*connection, name, true, {});
  connection->run("INSERT INTO member(org, user, role) VALUES(?,?,'admin')", organization.id,
                  admin.id);
  transaction.commit();
  return organization;
}

void AccountStore::change(const Account& account, const AccountSettings& settings) {
  check_settings(settings, account.is_organization);
  const auto set = [&](Connection& connection, const char* column, const auto& value) {
    connection.run(fmt::format("UPDATE account SET {} = ? WHERE id = ?", column), value,
                   account.id);
  };
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  // Column by column: two commands at once that set different things keep out of each other's way.
  const Account wanted = changed(account, settings);
  if (settings.fullname) set(*connection, "fullname", wanted.fullname);
  if (settings.email) set(*connection, "email", wanted.email);
  if (settings.private_default) {
    set(*connection, "private_default", std::int64_t{wanted.private_default});
  }
  if (settings.site_admin) set(*connection, "site_admin", std::int64_t{wanted.site_admin});
  if (settings.disabled) set(*connection, "disabled", std::int64_t{wanted.disabled});
  transaction.commit();
}

bool AccountStore::set_member(const Account& organization, const Account& user,
                              std::string_view role) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  connection->run(
      "INSERT INTO member(org, user, role) VALUES(?,?,?) "
      "ON CONFLICT(org, user) DO UPDATE SET role = excluded.role",
      organization.id, user.id, role);
  if (!has_admin(*connection, organization)) return false;
  transaction.commit();
  return true;
}

bool AccountStore::remove_member(const Account& organization, const Account& user) {
  auto connection = database_.lease();
  WriteTransaction transaction(*connection);
  connection->run("DELETE FROM member WHERE org = ? AND user = ?", organization.id, user.id);
  if (!has_admin(*connection, organization)) return false;
  transaction.commit();
  return true;
}

std::optional<Account> AccountStore::find(std::string_view name) const {
  static const std::string kSql = "SELECT " + kAccountColumns + " FROM account WHERE name_fold = ?";
  auto connection = database_.lease();
  Statement row = connection->prepare(kSql);
  if (!row.bind(folded(name)).step()) return std::nullopt;
  return read_account(row);
}

std::optional<Account> AccountStore::by_id(std::string_view id) const {
  static const std::string kSql = "SELECT " + kAccountColumns + " FROM account WHERE id = ?";
  auto connection = database_.lease();
  Statement row = connection->prepare(kSql);
  if (!row.bind(id).step()) return std::nullopt;
  return read_account(row);
}

std::vector<Account> AccountStore::of_kind(std::string_view kind) const {
  static const std::string kSql =
      "SELECT " + kAccountColumns + " FROM account WHERE kind = ? ORDER BY name";
  auto connection = database_.lease();
  Statement row = connection->prepare(kSql);
  row.bind(kind);
  std::vector<Account> out;
  while (row.step()) out.push_back(read_account(row));
  return out;
}

std::vector<Account> AccountStore::users() const { return of_kind("user"); }

std::vector<Account> AccountStore::organizations() const { return of_kind("org"); }

std::vector<Membership> AccountStore::memberships(const Account& user) const {
  static const std::string kSql =
      "SELECT " + kAccountColumns +
      ", member.role FROM member JOIN account ON account.id = member.org "
      "WHERE member.user = ? ORDER BY account.name";
  auto connection = database_.lease();
  Statement row = connection->prepare(kSql);
  row.bind(user.id);
  std::vector<Membership> out;
  while (row.step()) out.push_back({read_account(row), row.text(kAccountColumnCount)});
  return out;
}

std::vector<Member> AccountStore::members(const Account& organization, Page page) const {
  static const std::string kSql =
      "SELECT " + kAccountColumns +
      ", member.role FROM member JOIN account ON account.id = member.user "
      "WHERE member.org = ? ORDER BY account.name LIMIT ? OFFSET ?";
  auto connection = database_.lease();
  Statement row = connection->prepare(kSql);
  row.bind(organization.id).bind(static_cast<std::int64_t>(page.limit));
  row.bind(static_cast<std::int64_t>(page.skip));
  std::vector<Member> out;
  while (row.step()) out.push_back({read_account(row), row.text(kAccountColumnCount)});
  return out;
}

std::size_t AccountStore::count_members(const Account& organization) const {
  auto connection = database_.lease();
  Statement row = connection->prepare("SELECT COUNT(*) FROM member WHERE org = ?");
  row.bind(organization.id).step();
  return static_cast<std::size_t>(row.number(0));
}

std::string AccountStore::role_in(std::string_view organization_id, const Account& user) const {
  auto connection = database_.lease();
  Statement row = connection->prepare("SELECT role FROM member WHERE org = ? AND user = ?");
  return row.bind(organization_id).bind(user.id).step() ? row.text(0) : std::string();
}

}  // namespace torchhub::server
