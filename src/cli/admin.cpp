#include "torchhub/server/admin.h"

#include "cli/commands.h"

#include <fmt/format.h>

#include <memory>
#include <string>

namespace torchhub::cli {
namespace {

struct AdminArguments {
  std::string data = "torchhub-data";
  std::string name = {};
  std::string user = {};
  std::string role = {};
  std::string value = {};
  bool test_mode = false;
};

void add_user_commands(CLI::App& admin, const std::shared_ptr<AdminArguments>& arguments) {
  CLI::App* user = admin.add_subcommand("user", "Users of the hub");
  user->require_subcommand(1);
  CLI::App* create = user->add_subcommand("create", "Make a user");
  create->add_option("NAME", arguments->name, "Letters, digits, '-', '_' and '.'")->required();
  create->callback([arguments] { Admin(arguments->data).create_user(arguments->name); });
  CLI::App* list = user->add_subcommand("list", "Print every user's name");
  list->callback([arguments] {
    for (const std::string& name : Admin(arguments->data).users()) fmt::print("{}\n", name);
  });
}

void add_organization_commands(CLI::App& admin, const std::shared_ptr<AdminArguments>& arguments) {
  CLI::App* org = admin.add_subcommand("org", "Organisations of the hub");
  org->require_subcommand(1);
  CLI::App* create = org->add_subcommand("create", "Make an organisation");
  create->add_option("NAME", arguments->name, "Letters, digits, '-', '_' and '.'")->required();
  create->add_option("--owner", arguments->user, "The user who becomes its admin")->required();
  create->callback([arguments] {
    Admin(arguments->data).create_organization(arguments->name, arguments->user);
  });
  CLI::App* add = org->add_subcommand("add", "Make a user a member, or change a member's role");
  add->add_option("NAME", arguments->name, "The organisation")->required();
  add->add_option("USER", arguments->user, "The member")->required();
  add->add_option("--role", arguments->role, "read, contributor, write or admin")->required();
  add->callback([arguments] {
    Admin(arguments->data)
        .set_member(arguments->name, arguments->user, parse_organization_role(arguments->role));
  });
}

/// @return the token's value
std::string make_token(const AdminArguments& arguments) {
  const TokenRole role = parse_token_role(arguments.role);
  Admin admin(arguments.data);
  if (arguments.value.empty()) {
    const std::string name = arguments.name.empty() ? "token" : arguments.name;
    return admin.create_token(arguments.user, role, name);
  }
  // A value that somebody thought of can be guessed.
  if (!arguments.test_mode) {
    throw InvalidArgumentError("--value is for tests: add --test-mode, or leave it out.");
  }
  admin.add_token(arguments.user, role, arguments.value);
  return arguments.value;
}

void add_token_commands(CLI::App& admin, const std::shared_ptr<AdminArguments>& arguments) {
  CLI::App* token = admin.add_subcommand("token", "Access tokens");
  token->require_subcommand(1);
  CLI::App* create =
      token->add_subcommand("create", "Make a token; its value is printed this once");
  create->add_option("USER", arguments->user, "Whom the token stands for")->required();
  create->add_option("--role", arguments->role, "read or write")
      ->required()
      ->check(CLI::IsMember({"read", "write"}));
  CLI::Option* name = create->add_option("--name", arguments->name, "What lists call it");
  create->add_flag("--test-mode", arguments->test_mode, "Allow --value");
  create->add_option("--value", arguments->value, "The token itself, for tests: hf_...")
      ->excludes(name);
  create->callback([arguments] { fmt::print("{}\n", make_token(*arguments)); });
}

}  // namespace

void add_admin(CLI::App& app) {
  const auto arguments = std::make_shared<AdminArguments>();
  CLI::App* admin =
      app.add_subcommand("admin", "Change a hub's data; the server may run meanwhile");
  admin->add_option("--data", arguments->data, "The data folder")->capture_default_str();
  admin->require_subcommand(1);
  add_user_commands(*admin, arguments);
  add_organization_commands(*admin, arguments);
  add_token_commands(*admin, arguments);
}

}  // namespace torchhub::cli
