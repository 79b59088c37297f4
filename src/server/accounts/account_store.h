#pragma once

#include "server/store/database.h"
#include "torchhub/base/clock.h"
#include "torchhub/server/admin.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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
  std::string fullname = {};
  std::string email = {};  ///< Empty: none.
  bool disabled = false;
};

struct Membership {
  Account organization;
  std::string role;  ///< read, contributor, write or admin.
};

struct Member {
  Account user;
  std::string role;
};

/// A part of a list: `limit` entries, the first of them behind `skip` others.
struct Page {
  std::size_t skip = 0;
  std::size_t limit = 0;
};

/// Users and organisations. Safe from several threads and processes.
class AccountStore {
 public:
  AccountStore(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  /// @throws AccountError, InvalidArgumentError
  Account create_user(std::string_view name, const AccountSettings& settings);
  Account create_organization(std::string_view name, const Account& admin);
  /// @throws InvalidArgumentError
  void change(const Account& account, const AccountSettings& settings);
  std::optional<Account> find(std::string_view name) const;
  std::optional<Account> by_id(std::string_view id) const;
  /// By name.
  std::vector<Account> users() const;
  std::vector<Account> organizations() const;

  /// @return false, and nothing is changed, if the organisation had no admin then
  bool set_member(const Account& organization, const Account& user, std::string_view role);
  /// @return as set_member
  bool remove_member(const Account& organization, const Account& user);
  std::vector<Membership> memberships(const Account& user) const;
  /// By name.
  std::vector<Member> members(const Account& organization, Page page) const;
  std::size_t count_members(const Account& organization) const;
  /// Empty if `user` is no member.
  std::string role_in(std::string_view organization_id, const Account& user) const;

 private:
  Account insert(Connection& connection, std::string_view name, bool organization,
                 const AccountSettings& settings) const;
  std::vector<Account> of_kind(std::string_view kind) const;

  Database& database_;
  const Clock& clock_;
};

/// How SELECTs of other stores name an account's columns, and how such a row is read.
extern const std::string kAccountColumns;
inline constexpr int kAccountColumnCount = 9;
Account read_account(const Statement& row, int first = 0);

/// ASCII letters in lower case: how names are compared.
std::string folded(std::string_view name);

/// What is wrong with the name of a new user, organisation or repository, or nothing.
std::optional<std::string> problem_of_new_name(std::string_view name);

/// Milliseconds since 1970, as tables keep times.
std::int64_t to_milliseconds(TimePoint time);
TimePoint from_milliseconds(std::int64_t milliseconds);

}  // namespace torchhub::server
