#include "cli/admin_commands.h"
#include "torchhub/server/admin.h"

#include <memory>
#include <optional>
#include <string>

namespace torchhub::cli {
namespace {

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
