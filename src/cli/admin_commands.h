#pragma once

#include "torchhub/server/account_info.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub::cli {

/// What every command of `torchhub admin` shares.
struct AdminPlace {
  std::string data = "torchhub-data";
  bool json = false;  ///< One JSON value on standard output instead of text.
};

// Each adds its commands to `admin`.
void add_admin_users(CLI::App& admin, const std::shared_ptr<AdminPlace>& place);
void add_admin_organizations(CLI::App& admin, const std::shared_ptr<AdminPlace>& place);
void add_admin_tokens(CLI::App& admin, const std::shared_ptr<AdminPlace>& place);
void add_admin_keys(CLI::App& admin, const std::shared_ptr<AdminPlace>& place);

/// The data folder, for commands that make none. @throws Error unless there is one: what a typing
/// error in its name does not reach must not look done
const std::string& existing_hub(const AdminPlace& place);

/// The flag --json of one command.
void add_json_flag(CLI::App& command, AdminPlace& place);

/// An option whose value may be the empty text, which is not the same as leaving it out. (CLI11 2.1
/// reads an empty text into a std::optional as nothing.)
CLI::Option* add_text_option(CLI::App& command, const std::string& name,
                             std::optional<std::string>& value, const std::string& help);

void print_json(const nlohmann::json& value);
nlohmann::json to_json(const AccountInfo& account);
/// Names a line each, or as JSON all that is known.
void print_accounts(const std::vector<AccountInfo>& accounts, const AdminPlace& place);
/// Nothing, or as JSON the account as it is now.
void print_done(const AccountInfo& account, const AdminPlace& place);

/// "on" or "off" of an option that was given.
std::optional<bool> parse_switch(const std::string& word);

}  // namespace torchhub::cli
