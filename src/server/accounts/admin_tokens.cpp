#include "server/accounts/admin_impl.h"
#include "server/accounts/token_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

/// The part of Admin that is about tokens.
namespace torchhub {
namespace {

using server::Account;
using server::TokenGrant;
using server::TokenRow;

void check_name(const std::string& name) {
  constexpr std::size_t kMaxBytes = 128;
  const bool plain =
      std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (plain && !name.empty() && name.size() <= kMaxBytes) return;
  throw InvalidArgumentError(
      fmt::format("A token's name must be one line of 1 to {} bytes.", kMaxBytes));
}

void check_wish(const NewToken& wanted) {
  constexpr auto kLongest = std::chrono::years(100);
  check_name(wanted.name);
  if (wanted.lifetime && (wanted.lifetime->count() <= 0 || *wanted.lifetime > kLongest)) {
    throw InvalidArgumentError("A token's lifetime must be over 0 and at most 100 years.");
  }
  if (wanted.role == TokenRole::fine_grained && wanted.scopes.empty()) {
    throw InvalidArgumentError(
        "A fineGrained token needs at least one scope, such as 'ana/bert=repo.read'.");
  }
  if (wanted.role != TokenRole::fine_grained && !wanted.scopes.empty()) {
    throw InvalidArgumentError(fmt::format(
        "A token with the role '{}' takes no scopes: they are for the role fineGrained.",
        to_string(wanted.role)));
  }
}

TokenInfo info_of(const server::TokenStore& tokens, const Account& user, const TokenRow& row) {
  TokenInfo info{row.id,   user.name,   row.name,    row.role,     {},
                 row.hint, row.created, row.expires, row.last_used};
  for (const TokenGrant& grant : row.grants) {
    // What is gone gives no right, so it is no scope any more.
    if (const auto entity = tokens.entity_of(grant)) {
      info.scopes.push_back({*entity, grant.permissions});
    }
  }
  return info;
}

}  // namespace

TokenGrant Admin::Impl::grant_of(const TokenScope& scope) const {
  if (scope.permissions.empty()) {
    throw InvalidArgumentError(fmt::format("The scope '{}' has no permission.", scope.entity));
  }
  if (scope.entity.find('/') == std::string::npos) {
    if (const auto account = accounts.find(scope.entity)) {
      return {account->is_organization ? "org" : "user", account->id, scope.permissions};
    }
  } else {
    std::string_view name = scope.entity;
    RepoType type = RepoType::model;
    for (RepoType other : {RepoType::model, RepoType::dataset, RepoType::space}) {
      const std::string prefix = fmt::format("{}/", plural(other));
      if (!name.starts_with(prefix)) continue;
      type = other;
      name.remove_prefix(prefix.size());
      break;
    }
    if (const auto repo = repos.find(type, RepoId::parse(name))) {
      return {std::string(to_string(type)), repo->id, scope.permissions};
    }
  }
  throw AccountError(
      fmt::format("There is no account and no repository '{}' in '{}'. A scope names OWNER, "
                  "OWNER/NAME, datasets/OWNER/NAME or spaces/OWNER/NAME.",
                  scope.entity, folder.root().string()));
}

CreatedToken Admin::create_token(const NewToken& wanted) {
  check_wish(wanted);
  const Account user = impl_->user(wanted.user);
  TokenRow row{.id = {}, .role = wanted.role, .name = wanted.name};
  for (const TokenScope& scope : wanted.scopes) row.grants.push_back(impl_->grant_of(scope));
  row.created = impl_->clock->now();  // one look at the clock: a token lives as long as asked
  if (wanted.lifetime) row.expires = row.created + *wanted.lifetime;
  const std::string value = server::make_token();
  row = impl_->tokens.add(user, std::move(row), value);
  impl_->note(server::events::kTokenCreated, user.name,
              {{"token", row.id}, {"name", row.name}, {"role", to_string(row.role)}});
  return {info_of(impl_->tokens, user, row), value};
}

std::string Admin::create_token(std::string_view user, TokenRole role,
                                std::string_view display_name) {
  return create_token({.user = std::string(user), .role = role, .name = std::string(display_name)})
      .value;
}

void Admin::add_token(std::string_view user, TokenRole role, std::string_view value) {
  const bool well_formed =
      value.starts_with("hf_") && value.size() >= 12 &&
      std::all_of(value.begin(), value.end(), [](unsigned char c) { return std::isgraph(c) != 0; });
  if (!well_formed) {
    throw InvalidArgumentError(
        "A token's value must start with 'hf_' and have at least 12 visible characters.");
  }
  if (role == TokenRole::fine_grained) {
    throw InvalidArgumentError("A token with a chosen value has the role read or write.");
  }
  const TokenRow row =
      impl_->tokens.add(impl_->user(user), {.id = {}, .role = role, .name = "token"}, value);
  impl_->note(server::events::kTokenCreated, user,
              {{"token", row.id}, {"name", row.name}, {"role", to_string(role)}});
}

bool Admin::revoke_token(std::string_view id_or_value) {
  const auto named = impl_->tokens.by_value(id_or_value);
  const std::string id = named ? named->token_id : std::string(id_or_value);
  const auto all = impl_->tokens.list(std::nullopt);
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.second.id == id; });
  if (!impl_->tokens.revoke(id_or_value)) return false;
  // One that was given by its value and has expired cannot be named; and its value never is.
  if (found == all.end()) {
    impl_->note(server::events::kTokenRevoked, "");
  } else {
    impl_->note(server::events::kTokenRevoked, found->first.name,
                {{"token", id}, {"name", found->second.name}});
  }
  return true;
}

std::vector<TokenInfo> Admin::tokens(std::string_view user) const {
  const auto of = user.empty() ? std::nullopt : std::optional(impl_->user(user));
  std::vector<TokenInfo> out;
  for (const auto& [owner, row] : impl_->tokens.list(of)) {
    out.push_back(info_of(impl_->tokens, owner, row));
  }
  return out;
}

}  // namespace torchhub
