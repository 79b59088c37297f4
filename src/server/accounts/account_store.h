#pragma once

#include "server/store/database.h"
#include "torchhub/base/clock.h"
#include "torchhub/server/admin.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

using TimePoint = std::chrono::system_clock::time_point;

struct Account {
  std::string id;
  std::string name;  ///< As it was created; look-ups do not regard case.
  bool is_organization = false;
  bool private_default = false;
  bool site_admin = false;
  TimePoint created = {};
};

struct Membership {
  Account organization;
  std::string role;  ///< read, contributor, write or admin.
};

/// Whom a valid token stands for.
struct TokenOwner {
  Account user;
  TokenRole role = TokenRole::read;
  std::string token_name = {};
  TimePoint token_created = {};
};

/// Users, organisations and tokens. Safe from several threads and processes.
class AccountStore {
 public:
  AccountStore(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  Account create_user(std::string_view name, bool site_admin);
  Account create_organization(std::string_view name, const Account& admin);
  /// @return false, and nothing is changed, if the organisation had no admin then
  bool set_member(const Account& organization, const Account& user, std::string_view role);
  std::optional<Account> find(std::string_view name) const;
  std::vector<Account> users() const;
  std::vector<Membership> memberships(const Account& user) const;
  /// Empty if `user` is no member.
  std::string role_in(std::string_view organization_id, const Account& user) const;

  void add_token(const Account& user, TokenRole role, std::string_view name,
                 std::string_view value);
  bool revoke_token(std::string_view value);
  /// Nothing for unknown, revoked and expired tokens, and for those of disabled users.
  std::optional<TokenOwner> by_token(std::string_view value) const;

 private:
  Account insert(Connection& connection, std::string_view name, bool organization,
                 bool site_admin) const;

  Database& database_;
  const Clock& clock_;
};

/// `hf_` and 34 letters and digits, the last 6 of them a checksum of the others.
std::string make_token();

/// ASCII letters in lower case: how names are compared.
std::string folded(std::string_view name);

/// What is wrong with the name of a new user, organisation or repository, or nothing.
std::optional<std::string> problem_of_new_name(std::string_view name);

/// Milliseconds since 1970, as tables keep times.
std::int64_t to_milliseconds(TimePoint time);
TimePoint from_milliseconds(std::int64_t milliseconds);

}  // namespace torchhub::server
