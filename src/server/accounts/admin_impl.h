#pragma once

#include "server/accounts/account_store.h"
#include "server/accounts/token_store.h"
#include "server/repos/repo_store.h"
#include "server/store/data_folder.h"
#include "server/store/event_log.h"
#include "torchhub/server/admin.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>
#include <string_view>

namespace torchhub {

struct Admin::Impl {
  Impl(const std::filesystem::path& data_dir, Durability durability);

  /// @throws AccountError that says how to make one
  server::Account user(std::string_view name) const;
  server::Account organization(std::string_view name) const;
  /// By id. @throws AccountError if there is nothing of that name
  server::TokenGrant grant_of(const TokenScope& scope) const;

  /// A command on the server's machine did it: `account` is whom it was done to.
  void note(std::string_view kind, std::string_view account, nlohmann::json more = {}) const;

  std::shared_ptr<const Clock> clock = system_clock();
  server::DataFolder folder;
  server::Database database;
  server::AccountStore accounts;
  server::TokenStore tokens;
  server::RepoStore repos;
  server::EventLog events;
};

}  // namespace torchhub
