#include "cli/admin_commands.h"
#include "torchhub/server/admin.h"
#include "torchhub/server/repositories.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::cli {
namespace {

using nlohmann::json;

struct UserArguments {
  std::string name = {};
  std::optional<std::string> fullname = std::nullopt;
  std::optional<std::string> email = std::nullopt;
  std::string private_default = {};
  std::string site_admin = {};

  AccountSettings settings() const {
    return {.fullname = fullname,
            .email = email,
            .private_default = parse_switch(private_default),
            .site_admin = parse_switch(site_admin)};
  }
};

/// "model ana/bert"
std::vector<std::string> repositories_of(const AdminPlace& place, const std::string& owner) {
  std::vector<std::string> out;
  for (const ListedRepository& found : RepositoryAdmin(place.data).list()) {
    if (found.repo.id.owner != owner) continue;
    out.push_back(fmt::format("{} {}", to_string(found.repo.type), found.repo.id.str()));
  }
  return out;
}

/// Organisations and roles.
std::vector<std::pair<std::string, std::string>> memberships(const Admin& admin,
                                                             const std::string& user) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const AccountInfo& organization : admin.organizations()) {
    for (const MemberInfo& member : admin.members(organization.name)) {
      if (member.user == user) out.emplace_back(organization.name, to_string(member.role));
    }
  }
  return out;
}

/// By a name in upper or lower case. @throws AccountError
AccountInfo account_of(Admin& admin, const std::string& name) {
  return admin.change_user(name, {});  // nothing, and tells what is there
}

void show(const AdminPlace& place, const std::string& name) {
  Admin admin(existing_hub(place));
  const AccountInfo user = account_of(admin, name);
  const std::vector<std::string> repositories = repositories_of(place, user.name);
  json out = to_json(user);
  out["organizations"] = json::array();
  std::vector<std::string> organizations;
  for (const auto& [organization, role] : memberships(admin, user.name)) {
    out["organizations"].push_back({{"name", organization}, {"role", role}});
    organizations.push_back(fmt::format("{} ({})", organization, role));
  }
  out["tokens"] = admin.tokens(name).size();
  out["repositories"] = repositories;
  if (place.json) return print_json(out);
  const auto line = [](const char* what, const std::string& value) {
    fmt::print("{:<16}{}\n", what, value.empty() ? "-" : value);
  };
  const auto yes_or_no = [](bool value) -> std::string { return value ? "yes" : "no"; };
  line("name", user.name);
  line("fullname", user.fullname);
  line("email", user.email);
  line("disabled", yes_or_no(user.disabled));
  line("site admin", yes_or_no(user.site_admin));
  line("member of", fmt::format("{}", fmt::join(organizations, ", ")));
  line("tokens", std::to_string(out["tokens"].get<std::size_t>()));
  line("repositories", fmt::format("{}", fmt::join(repositories, ", ")));
}

struct UserCommands {
  CLI::App& user;
  std::shared_ptr<AdminPlace> place;
  std::shared_ptr<UserArguments> arguments = std::make_shared<UserArguments>();

  CLI::App& add(const char* word, const char* help) const {
    CLI::App* command = user.add_subcommand(word, help);
    add_json_flag(*command, *place);
    return *command;
  }

  CLI::App& add_named(const char* word, const char* help) const {
    CLI::App& command = add(word, help);
    command.add_option("NAME", arguments->name, "The user")->required();
    return command;
  }

  void add_settings(CLI::App& command) const {
    add_text_option(command, "--fullname", arguments->fullname, "For people to read");
    add_text_option(command, "--email", arguments->email, "Shown to the user alone; empty: none");
    command
        .add_option("--private-default", arguments->private_default,
                    "on: new repositories are private unless asked otherwise")
        ->check(CLI::IsMember({"on", "off"}));
    command.add_option("--site-admin", arguments->site_admin, "on: may do everything everywhere")
        ->check(CLI::IsMember({"on", "off"}));
  }

  void add_show() const {
    add_named("show", "Print what is known of a user: organisations, tokens, repositories")
        .callback([place = place, arguments = arguments] { show(*place, arguments->name); });
  }

  void add_disable(const char* word, const char* help, bool disabled) const {
    add_named(word, help).callback([place = place, arguments = arguments, disabled] {
      print_done(Admin(existing_hub(*place)).change_user(arguments->name, {.disabled = disabled}),
                 *place);
    });
  }
};

}  // namespace

void add_admin_users(CLI::App& admin, const std::shared_ptr<AdminPlace>& place) {
  CLI::App* user = admin.add_subcommand("user", "Users of the hub");
  user->require_subcommand(1);
  const UserCommands commands{*user, place};
  const auto arguments = commands.arguments;

  CLI::App& create = commands.add_named("create", "Make a user");
  commands.add_settings(create);
  create.callback([place, arguments] {
    print_done(Admin(place->data).create_user(arguments->name, arguments->settings()), *place);
  });
  commands.add("list", "Print every user's name").callback([place] {
    print_accounts(Admin(existing_hub(*place)).user_accounts(), *place);
  });
  commands.add_show();
  CLI::App& set = commands.add_named("set", "Change what is known of a user");
  commands.add_settings(set);
  set.callback([place, arguments] {
    print_done(Admin(existing_hub(*place)).change_user(arguments->name, arguments->settings()),
               *place);
  });
  commands.add_disable("disable", "Refuse the user's tokens; the repositories stay", true);
  commands.add_disable("enable", "Take the user's tokens again", false);
}

}  // namespace torchhub::cli
