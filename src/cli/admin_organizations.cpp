#include "cli/admin_commands.h"
#include "torchhub/server/admin.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>

namespace torchhub::cli {
namespace {

using nlohmann::json;

struct OrganizationArguments {
  std::string name = {};
  std::string user = {};
  std::string role = {};
  std::optional<std::string> fullname = std::nullopt;
  std::optional<std::string> email = std::nullopt;
  std::string private_default = {};
};

struct OrganizationCommands {
  CLI::App& org;
  std::shared_ptr<AdminPlace> place;
  std::shared_ptr<OrganizationArguments> arguments = std::make_shared<OrganizationArguments>();

  CLI::App& add(const char* word, const char* help) const {
    CLI::App* command = org.add_subcommand(word, help);
    add_json_flag(*command, *place);
    return *command;
  }

  CLI::App& add_named(const char* word, const char* help) const {
    CLI::App& command = add(word, help);
    command.add_option("NAME", arguments->name, "The organisation")->required();
    return command;
  }

  void add_making() const {
    CLI::App& create = add_named("create", "Make an organisation");
    create.add_option("--owner", arguments->user, "The user who becomes its admin")->required();
    create.callback([place = place, arguments = arguments] {
      print_done(Admin(existing_hub(*place)).create_organization(arguments->name, arguments->user),
                 *place);
    });
    CLI::App& set = add_named("set", "Change what is known of an organisation");
    add_text_option(set, "--fullname", arguments->fullname, "For people to read");
    add_text_option(set, "--email", arguments->email, "Empty: none");
    set.add_option("--private-default", arguments->private_default,
                   "on: new repositories are private unless asked otherwise")
        ->check(CLI::IsMember({"on", "off"}));
    set.callback([place = place, arguments = arguments] {
      const AccountSettings settings{.fullname = arguments->fullname,
                                     .email = arguments->email,
                                     .private_default = parse_switch(arguments->private_default)};
      print_done(Admin(existing_hub(*place)).change_organization(arguments->name, settings),
                 *place);
    });
    add("list", "Print every organisation's name").callback([place = place] {
      print_accounts(Admin(existing_hub(*place)).organizations(), *place);
    });
  }

  void add_members() const {
    CLI::App& add = add_named("add", "Make a user a member, or change a member's role");
    add.add_option("USER", arguments->user, "The member")->required();
    add.add_option("--role", arguments->role, "read, contributor, write or admin")->required();
    add.callback([place = place, arguments = arguments] {
      const OrganizationRole role = parse_organization_role(arguments->role);
      Admin(existing_hub(*place)).set_member(arguments->name, arguments->user, role);
      if (place->json) print_json({{"user", arguments->user}, {"role", to_string(role)}});
    });
    CLI::App& remove = add_named("remove", "End a membership");
    remove.add_option("USER", arguments->user, "The member")->required();
    remove.callback([place = place, arguments = arguments] {
      if (!Admin(existing_hub(*place)).remove_member(arguments->name, arguments->user)) {
        throw AccountError(
            fmt::format("'{}' is no member of '{}'. See 'torchhub admin org members {}'.",
                        arguments->user, arguments->name, arguments->name));
      }
      if (place->json) print_json({{"user", arguments->user}, {"role", nullptr}});
    });
    add_named("members", "Print members and their roles")
        .callback([place = place, arguments = arguments] {
          json out = json::array();
          for (const MemberInfo& member : Admin(existing_hub(*place)).members(arguments->name)) {
            if (!place->json) fmt::print("{} {}\n", member.user, to_string(member.role));
            out.push_back({{"user", member.user}, {"role", to_string(member.role)}});
          }
          if (place->json) print_json(out);
        });
  }
};

}  // namespace

void add_admin_organizations(CLI::App& admin, const std::shared_ptr<AdminPlace>& place) {
  CLI::App* org = admin.add_subcommand("org", "Organisations of the hub");
  org->require_subcommand(1);
  const OrganizationCommands commands{*org, place};
  commands.add_making();
  commands.add_members();
}

}  // namespace torchhub::cli
