#pragma once

#include "torchhub/base/error.h"
#include "torchhub/server/account_info.h"
#include "torchhub/server/options.h"
#include "torchhub/server/organization_role.h"
#include "torchhub/server/token.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// No user or organisation of that name, or there is one already.
class AccountError : public Error {
 public:
  using Error::Error;
};

/// Accounts and tokens of a data folder. Works on the database itself, so the server may be stopped
/// or running; what is done here counts from the server's next request on.
class Admin {
 public:
  /// Opens (or makes) the data folder. @throws FileError, Error if a newer torchhub wrote it
  explicit Admin(const std::filesystem::path& data_dir, Durability durability = Durability::full);
  ~Admin();
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  /// @throws AccountError if the name is taken, InvalidArgumentError if it may not be one
  AccountInfo create_user(std::string_view name, const AccountSettings& settings = {});
  /// A user who may do everything everywhere. @throws as create_user
  void create_site_admin(std::string_view name);
  /// A new organisation with `admin_user` as its admin. @throws as create_user
  AccountInfo create_organization(std::string_view name, std::string_view admin_user);
  /// @throws AccountError if there is no such user, InvalidArgumentError
  AccountInfo change_user(std::string_view name, const AccountSettings& settings);
  /// @throws AccountError if there is no such organisation, InvalidArgumentError
  AccountInfo change_organization(std::string_view name, const AccountSettings& settings);
  /// Makes the user a member, or gives a member another role.
  /// @throws AccountError if there is no such user or organisation, or if it had no admin then
  void set_member(std::string_view organization, std::string_view user, OrganizationRole role);
  /// @return false if the user was no member
  /// @throws AccountError as set_member
  bool remove_member(std::string_view organization, std::string_view user);
  /// By name. @throws AccountError if there is no such organisation
  std::vector<MemberInfo> members(std::string_view organization) const;
  std::vector<std::string> users() const;
  /// By name, all that is known of them.
  std::vector<AccountInfo> user_accounts() const;
  std::vector<AccountInfo> organizations() const;

  /// The new token's value. Only its hash is kept: this is the one time it can be seen.
  /// @param display_name what whoami and lists call it
  /// @throws AccountError if there is no such user
  std::string create_token(std::string_view user, TokenRole role,
                           std::string_view display_name = "token");
  /// @throws AccountError if there is no such user or nothing that a scope names;
  /// InvalidArgumentError if scopes, lifetime and role do not go together
  CreatedToken create_token(const NewToken& wanted);
  /// As create_token with a value of the caller's choice, which only a server in test mode takes.
  /// @throws InvalidArgumentError
  void add_token(std::string_view user, TokenRole role, std::string_view value);
  /// By its id or its value. @return false if no such token is known
  bool revoke_token(std::string_view id_or_value);
  /// Of one user, or of all; newest first. @throws AccountError if there is no such user
  std::vector<TokenInfo> tokens(std::string_view user = {}) const;

  /// Links to LFS objects are signed with a new key from now on, by a running server too. Those
  /// that it gave out stay good for their 24 hours. @throws FileError
  void rotate_link_key();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace torchhub
