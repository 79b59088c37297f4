#pragma once

#include "server/accounts/account_store.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace torchhub::server {

/// Where the server draws the picture of an account, by its name.
std::string avatar_url(const std::string& base_url, const std::string& name);
std::string avatar_url(const std::string& base_url, const Account& account);

/// A user in lists. Nothing in it is for the user alone.
nlohmann::json describe_user(const std::string& base_url, const Account& user);

/// An organisation in lists.
nlohmann::json describe_organization(const std::string& base_url, const Account& organization);

}  // namespace torchhub::server
