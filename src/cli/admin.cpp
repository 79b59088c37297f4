#include "cli/admin_commands.h"
#include "cli/admin_upkeep.h"
#include "cli/commands.h"
#include "server/admin/admin_hub.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <functional>

namespace torchhub::cli {

using nlohmann::json;

const std::string& existing_hub(const AdminPlace& place) {
  server::need_data_folder(place.data);
  return place.data;
}

void add_json_flag(CLI::App& command, AdminPlace& place) {
  command.add_flag("--json", place.json, "Print JSON");
}

CLI::Option* add_text_option(CLI::App& command, const std::string& name,
                             std::optional<std::string>& value, const std::string& help) {
  const std::function<void(const std::string&)> take = [&value](const std::string& text) {
    value = text;
  };
  return command.add_option_function(name, take, help);
}

void print_json(const json& value) {
  fmt::print("{}\n", value.dump(2, ' ', false, json::error_handler_t::replace));
}

json to_json(const AccountInfo& account) {
  return {{"name", account.name},
          {"fullname", account.fullname},
          {"email", account.email.empty() ? json(nullptr) : json(account.email)},
          {"privateDefault", account.private_default},
          {"siteAdmin", account.site_admin},
          {"disabled", account.disabled},
          {"createdAt", to_rfc3339(account.created)}};
}

void print_accounts(const std::vector<AccountInfo>& accounts, const AdminPlace& place) {
  json out = json::array();
  for (const AccountInfo& account : accounts) {
    if (!place.json) fmt::print("{}\n", account.name);
    out.push_back(to_json(account));
  }
  if (place.json) print_json(out);
}

void print_done(const AccountInfo& account, const AdminPlace& place) {
  if (place.json) print_json(to_json(account));
}

std::optional<bool> parse_switch(const std::string& word) {
  if (word.empty()) return std::nullopt;
  return word == "on";
}

/// People write it behind the command as well.
void add_data_option(CLI::App& command, AdminPlace& place) {
  command.add_option("--data", place.data, "The data folder");
  const auto is_command = [](const CLI::App* below) { return !below->get_name().empty(); };
  for (CLI::App* below : command.get_subcommands(is_command)) add_data_option(*below, place);
}

void add_admin(CLI::App& app) {
  const auto place = std::make_shared<AdminPlace>();
  CLI::App* admin =
      app.add_subcommand("admin", "Change a hub's data; the server may run meanwhile");
  add_admin_users(*admin, place);
  add_admin_organizations(*admin, place);
  add_admin_tokens(*admin, place);
  add_admin_keys(*admin, place);
  const DataName data(place, &place->data);
  add_admin_repo(*admin, data);
  add_admin_events(*admin, data);
  add_admin_stats(*admin, data);
  add_admin_gc(*admin, data);
  add_admin_fsck(*admin, data);
  add_admin_backup(*admin, data);
  add_admin_archive(*admin, data);
  add_data_option(*admin, *place);
  admin->get_option("--data")->capture_default_str()->envname("TORCHHUB_DATA");
  add_test_fixtures(*admin, data);
}

}  // namespace torchhub::cli
