#include "cli/admin_upkeep.h"
#include "torchhub/server/repositories.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub::cli {
namespace {

using nlohmann::json;

struct RepoArguments {
  std::string name = {};
  std::string to = {};
  std::string type = "model";
  std::string word = {};
  bool deleted = false;
  bool as_json = false;

  Repo repo() const { return {RepoId::parse(name), parse_repo_type(type)}; }
};

using Arguments = std::shared_ptr<RepoArguments>;

void print_list(const std::vector<ListedRepository>& list, bool as_json) {
  json out = json::array();
  for (const ListedRepository& found : list) {
    if (!as_json) {
      fmt::print("{:<8} {} {} {}\n", to_string(found.repo.type), found.repo.id.str(), found.id,
                 !found.deleted.empty() ? "deleted " + found.deleted
                 : found.disabled       ? std::string("disabled")
                 : found.private_       ? std::string("private")
                                        : std::string("public"));
    }
    out.push_back({{"type", to_string(found.repo.type)},
                   {"name", found.repo.id.str()},
                   {"id", found.id},
                   {"private", found.private_},
                   {"disabled", found.disabled},
                   {"forcedPushes", found.forced_pushes},
                   {"deleted", found.deleted.empty() ? json() : json(found.deleted)}});
  }
  if (as_json) fmt::print("{}\n", out.dump(2));
}

/// What a change did, for who asked for JSON.
void print_done(const RepoArguments& arguments, const std::string& name) {
  if (!arguments.as_json) return;
  fmt::print("{}\n", json{{"type", arguments.type}, {"name", name}}.dump(2));
}

void add_repository(CLI::App& command, const Arguments& arguments) {
  command.add_option("NAME", arguments->name, "owner/name")->required();
  command.add_option("--type", arguments->type, "model, dataset or space")
      ->capture_default_str()
      ->check(CLI::IsMember({"model", "dataset", "space"}));
  command.add_flag("--json", arguments->as_json, "Print JSON");
}

void add_list(CLI::App& repo, const DataName& data, const Arguments& arguments) {
  CLI::App* list = repo.add_subcommand("list", "Every repository: type, name, id, who sees it");
  list->add_flag("--deleted", arguments->deleted, "Those in the trash instead");
  list->add_flag("--json", arguments->as_json, "Print JSON");
  list->callback([data, arguments] {
    const RepositoryAdmin admin(*data);
    print_list(arguments->deleted ? admin.deleted() : admin.list(), arguments->as_json);
  });
}

void add_move(CLI::App& repo, const DataName& data, const Arguments& arguments) {
  CLI::App* move = repo.add_subcommand("move", "Give a repository another name");
  add_repository(*move, arguments);
  move->add_option("TO", arguments->to, "owner/name")->required();
  move->callback([data, arguments] {
    RepositoryAdmin(*data).move(arguments->repo(), RepoId::parse(arguments->to));
    print_done(*arguments, arguments->to);
  });
  CLI::App* transfer = repo.add_subcommand("transfer", "Give a repository another owner");
  add_repository(*transfer, arguments);
  transfer->add_option("OWNER", arguments->to, "A user or an organisation")->required();
  transfer->callback([data, arguments] {
    const Repo from = arguments->repo();
    const RepoId to{arguments->to, from.id.name};
    RepositoryAdmin(*data).move(from, to);
    print_done(*arguments, to.str());
  });
}

void add_delete(CLI::App& repo, const DataName& data, const Arguments& arguments) {
  CLI::App* remove = repo.add_subcommand("delete", "Move a repository to the trash");
  add_repository(*remove, arguments);
  remove->callback([data, arguments] {
    RepositoryAdmin(*data).remove(arguments->repo());
    print_done(*arguments, arguments->name);
  });
}

void add_disable(CLI::App& repo, const DataName& data, const Arguments& arguments) {
  const auto add = [&](const char* name, const char* help, bool disabled) {
    CLI::App* command = repo.add_subcommand(name, help);
    add_repository(*command, arguments);
    command->callback([data, arguments, disabled] {
      RepositoryAdmin(*data).set_disabled(arguments->repo(), disabled);
      print_done(*arguments, arguments->name);
    });
  };
  add("disable", "Give its contents to nobody, and take none", true);
  add("enable", "Give them to its readers again", false);
}

void add_forced_pushes(CLI::App& repo, const DataName& data, const Arguments& arguments) {
  CLI::App* command = repo.add_subcommand("forced-pushes",
                                          "Let git pushes take commits away from branches, or not");
  add_repository(*command, arguments);
  command->add_option("SWITCH", arguments->word, "on or off")
      ->required()
      ->check(CLI::IsMember({"on", "off"}));
  command->callback([data, arguments] {
    RepositoryAdmin(*data).set_forced_pushes(arguments->repo(), arguments->word == "on");
    print_done(*arguments, arguments->name);
  });
}

void add_restore(CLI::App& repo, const DataName& data, const Arguments& arguments) {
  CLI::App* restore = repo.add_subcommand("restore", "Bring a repository back from the trash");
  add_repository(*restore, arguments);
  restore->get_option("NAME")->description("owner/name, or the id that 'repo list --deleted' has");
  restore->callback([data, arguments] {
    RepositoryAdmin admin(*data);
    if (arguments->name.find('/') != std::string::npos) {
      admin.restore(arguments->repo());
      return print_done(*arguments, arguments->name);
    }
    const Repo found = admin.restore(arguments->name);
    arguments->type = to_string(found.type);
    print_done(*arguments, found.id.str());
  });
}

}  // namespace

void add_admin_repo(CLI::App& admin, const DataName& data) {
  const auto arguments = std::make_shared<RepoArguments>();
  CLI::App* repo = admin.add_subcommand("repo", "Repositories of the hub; a server may run");
  repo->require_subcommand(1);
  add_list(*repo, data, arguments);
  add_move(*repo, data, arguments);
  add_disable(*repo, data, arguments);
  add_forced_pushes(*repo, data, arguments);
  add_delete(*repo, data, arguments);
  add_restore(*repo, data, arguments);
}

}  // namespace torchhub::cli
