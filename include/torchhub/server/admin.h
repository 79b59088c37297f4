#pragma once

#include "torchhub/base/error.h"
#include "torchhub/server/options.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

enum class TokenRole { read, write };

/// "read" or "write". @throws InvalidArgumentError that lists the known words
TokenRole parse_token_role(std::string_view word);
std::string_view to_string(TokenRole role);

/// What a member of an organisation may do with its repositories.
enum class OrganizationRole {
  read,         ///< See the private ones.
  contributor,  ///< Make some, and write to those.
  write,        ///< Write to all, make and delete some.
  admin         ///< The same; and there is always one.
};

/// "read", "contributor", "write" or "admin". @throws InvalidArgumentError that lists the known
/// words
OrganizationRole parse_organization_role(std::string_view word);
std::string_view to_string(OrganizationRole role);

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
  void create_user(std::string_view name);
  /// A user who may do everything everywhere. @throws as create_user
  void create_site_admin(std::string_view name);
  /// A new organisation with `admin_user` as its admin. @throws as create_user
  void create_organization(std::string_view name, std::string_view admin_user);
  /// Makes the user a member, or gives a member another role.
  /// @throws AccountError if there is no such user or organisation, or if it had no admin then
  void set_member(std::string_view organization, std::string_view user, OrganizationRole role);
  std::vector<std::string> users() const;

  /// The new token's value. Only its hash is kept: this is the one time it can be seen.
  /// @param display_name what whoami and lists call it
  /// @throws AccountError if there is no such user
  std::string create_token(std::string_view user, TokenRole role,
                           std::string_view display_name = "token");
  /// As create_token with a value of the caller's choice, for tests. @throws InvalidArgumentError
  void add_token(std::string_view user, TokenRole role, std::string_view value);
  /// @return false if no such token is known
  bool revoke_token(std::string_view value);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace torchhub
