#include "torchhub/server/admin.h"

#include "server/accounts/admin_impl.h"
#include "server/lfs/link_keys.h"
#include "server/store/lost_database.h"

#include <fmt/format.h>

namespace torchhub {
namespace {

using nlohmann::json;
using server::Account;
namespace events = server::events;

AccountInfo info_of(const Account& account) {
  return {account.name,       account.fullname, account.email,  account.private_default,
          account.site_admin, account.disabled, account.created};
}

std::vector<AccountInfo> infos_of(const std::vector<Account>& accounts) {
  std::vector<AccountInfo> out;
  for (const Account& account : accounts) out.push_back(info_of(account));
  return out;
}

/// What was asked for, as the log keeps it.
json changed(const AccountSettings& settings) {
  json out = json::object();
  if (settings.fullname) out["fullname"] = *settings.fullname;
  if (settings.email) out["email"] = *settings.email;
  if (settings.private_default) out["privateDefault"] = *settings.private_default;
  if (settings.site_admin) out["siteAdmin"] = *settings.site_admin;
  if (settings.disabled) out["disabled"] = *settings.disabled;
  return out;
}

[[noreturn]] void refuse_last_admin(std::string_view user, const Account& organization) {
  throw AccountError(
      fmt::format("'{}' is the only admin of '{}', and stays it. Make somebody else admin first.",
                  user, organization.name));
}

}  // namespace

Admin::Impl::Impl(const std::filesystem::path& data_dir, Durability durability)
    : folder(data_dir),
      database((server::refuse_lost_database(folder), folder.database()), durability),
      accounts(database, *clock),
      tokens(database, *clock, server::TokenStore::Values::any),
      repos(database, *clock),
      events(database, *clock) {}

void Admin::Impl::note(std::string_view kind, std::string_view account, json more) const {
  more["account"] = account;
  events.note(kind, {}, {}, more);
}

Account Admin::Impl::user(std::string_view name) const {
  const auto account = accounts.find(name);
  if (account && !account->is_organization) return *account;
  throw AccountError(
      fmt::format("There is no user '{}' in '{}'. Make one with 'torchhub admin user create {}'.",
                  name, folder.root().string(), name));
}

Account Admin::Impl::organization(std::string_view name) const {
  const auto account = accounts.find(name);
  if (account && account->is_organization) return *account;
  throw AccountError(fmt::format(
      "There is no organisation '{}' in '{}'. Make one with 'torchhub admin org create {}'.", name,
      folder.root().string(), name));
}

Admin::Admin(const std::filesystem::path& data_dir, Durability durability)
    : impl_(std::make_unique<Impl>(data_dir, durability)) {}
Admin::~Admin() = default;

AccountInfo Admin::create_user(std::string_view name, const AccountSettings& settings) {
  const Account made = impl_->accounts.create_user(name, settings);
  impl_->note(events::kAccountCreated, made.name, {{"kind", "user"}});
  return info_of(made);
}

void Admin::create_site_admin(std::string_view name) { create_user(name, {.site_admin = true}); }

AccountInfo Admin::create_organization(std::string_view name, std::string_view admin_user) {
  const Account made = impl_->accounts.create_organization(name, impl_->user(admin_user));
  impl_->note(events::kAccountCreated, made.name, {{"kind", "org"}});
  return info_of(made);
}

AccountInfo Admin::change_user(std::string_view name, const AccountSettings& settings) {
  impl_->accounts.change(impl_->user(name), settings);
  impl_->note(events::kAccountChanged, name, {{"settings", changed(settings)}});
  return info_of(impl_->user(name));
}

AccountInfo Admin::change_organization(std::string_view name, const AccountSettings& settings) {
  impl_->accounts.change(impl_->organization(name), settings);
  impl_->note(events::kAccountChanged, name, {{"settings", changed(settings)}});
  return info_of(impl_->organization(name));
}

void Admin::set_member(std::string_view organization, std::string_view user,
                       OrganizationRole role) {
  const Account in = impl_->organization(organization);
  if (!impl_->accounts.set_member(in, impl_->user(user), to_string(role))) {
    refuse_last_admin(user, in);
  }
  impl_->note(events::kMemberSet, in.name, {{"user", user}, {"role", to_string(role)}});
}

bool Admin::remove_member(std::string_view organization, std::string_view user) {
  const Account from = impl_->organization(organization);
  const Account member = impl_->user(user);
  if (impl_->accounts.role_in(from.id, member).empty()) return false;
  if (!impl_->accounts.remove_member(from, member)) refuse_last_admin(user, from);
  impl_->note(events::kMemberRemoved, from.name, {{"user", user}});
  return true;
}

std::vector<MemberInfo> Admin::members(std::string_view organization) const {
  const Account of = impl_->organization(organization);
  std::vector<MemberInfo> out;
  for (const server::Member& member :
       impl_->accounts.members(of, {0, impl_->accounts.count_members(of)})) {
    out.push_back({member.user.name, parse_organization_role(member.role)});
  }
  return out;
}

std::vector<std::string> Admin::users() const {
  std::vector<std::string> out;
  for (const Account& user : impl_->accounts.users()) out.push_back(user.name);
  return out;
}

std::vector<AccountInfo> Admin::user_accounts() const { return infos_of(impl_->accounts.users()); }

std::vector<AccountInfo> Admin::organizations() const {
  return infos_of(impl_->accounts.organizations());
}

void Admin::rotate_link_key() {
  server::rotate_link_key(impl_->folder.link_key(), *impl_->clock);
  impl_->events.note(events::kLinkKeyRotated, {}, {}, json::object());
}

}  // namespace torchhub
