#include "torchhub/server/admin.h"

#include "server/accounts/account_store.h"
#include "server/store/data_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace torchhub {

struct Admin::Impl {
  Impl(const std::filesystem::path& data_dir, Durability durability)
      : folder(data_dir), database(folder.database(), durability), accounts(database, *clock) {}

  server::Account user(std::string_view name) const {
    const auto account = accounts.find(name);
    if (account && !account->is_organization) return *account;
    throw AccountError(
        fmt::format("There is no user '{}' in '{}'. Make one with 'torchhub admin user create {}'.",
                    name, folder.root().string(), name));
  }

  server::Account organization(std::string_view name) const {
    const auto account = accounts.find(name);
    if (account && account->is_organization) return *account;
    throw AccountError(fmt::format(
        "There is no organisation '{}' in '{}'. Make one with 'torchhub admin org create {}'.",
        name, folder.root().string(), name));
  }

  std::shared_ptr<const Clock> clock = system_clock();
  server::DataFolder folder;
  server::Database database;
  server::AccountStore accounts;
};

Admin::Admin(const std::filesystem::path& data_dir, Durability durability)
    : impl_(std::make_unique<Impl>(data_dir, durability)) {}
Admin::~Admin() = default;

void Admin::create_user(std::string_view name) { impl_->accounts.create_user(name, false); }

void Admin::create_site_admin(std::string_view name) { impl_->accounts.create_user(name, true); }

void Admin::create_organization(std::string_view name, std::string_view admin_user) {
  impl_->accounts.create_organization(name, impl_->user(admin_user));
}

void Admin::set_member(std::string_view organization, std::string_view user,
                       OrganizationRole role) {
  const server::Account in = impl_->organization(organization);
  if (impl_->accounts.set_member(in, impl_->user(user), to_string(role))) return;
  throw AccountError(
      fmt::format("'{}' is the only admin of '{}', and stays it. Make somebody else admin first.",
                  user, in.name));
}

std::vector<std::string> Admin::users() const {
  std::vector<std::string> out;
  for (const server::Account& user : impl_->accounts.users()) out.push_back(user.name);
  return out;
}

std::string Admin::create_token(std::string_view user, TokenRole role,
                                std::string_view display_name) {
  const std::string value = server::make_token();
  impl_->accounts.add_token(impl_->user(user), role, display_name, value);
  return value;
}

void Admin::add_token(std::string_view user, TokenRole role, std::string_view value) {
  const bool well_formed =
      value.starts_with("hf_") && value.size() >= 12 &&
      std::all_of(value.begin(), value.end(), [](unsigned char c) { return std::isgraph(c) != 0; });
  if (!well_formed) {
    throw InvalidArgumentError(
        "A token's value must start with 'hf_' and have at least 12 visible characters.");
  }
  impl_->accounts.add_token(impl_->user(user), role, "token", value);
}

bool Admin::revoke_token(std::string_view value) { return impl_->accounts.revoke_token(value); }

}  // namespace torchhub
