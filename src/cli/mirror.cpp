#include "cli/commands.h"
#include "cli/mirror_git.h"
#include "cli/mirror_lfs.h"
#include "hub/json_fields.h"
#include "server/git/reachable.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace torchhub::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct MirrorArguments {
  std::string from = {};
  std::string to = {};
  std::string name = {};
  std::string as = {};
  std::string type = "model";
  std::string work = {};
  bool force = false;
  bool prune = false;
  bool as_json = false;
};

/// Where the bytes lie between the hubs: the folder that was named, or one that goes away.
class WorkFolder {
 public:
  explicit WorkFolder(const std::string& wanted)
      : keep_(!wanted.empty()),
        path_(keep_ ? fs::absolute(wanted)  // git is told to work elsewhere
                    : fs::temp_directory_path() / ("torchhub-mirror-" + random_hex(8))) {
    make_folders(path_);
    fs::permissions(path_, fs::perms::owner_all);
  }
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove(secrets(), ignored);
    if (!keep_) fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  fs::path repository() const { return path_ / "mirror.git"; }
  fs::path objects() const { return path_ / "objects"; }
  fs::path secrets() const { return path_ / secrets_name_; }

 private:
  bool keep_;
  fs::path path_;
  std::string secrets_name_ = "git-config-" + random_hex(8);
};

HubOptions side(const std::string& endpoint, const char* token_variable) {
  HubOptions options = HubOptions::from_environment();
  // HF_TOKEN belongs to HF_ENDPOINT and goes nowhere else.
  if (!endpoint.empty() && endpoint != options.endpoint) {
    options.endpoint = endpoint;
    options.token = std::nullopt;
  }
  if (const char* token = std::getenv(token_variable)) options.token = token;
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  return options;
}

/// A hub makes no space without being told what runs it.
void create_space(const HubApi& hub, const Repo& space, const RepoInfo& source) {
  std::string sdk = text_field(json::parse(source.raw, nullptr, false), "sdk");
  if (sdk.empty()) sdk = "static";  // the card that follows says it, if any
  hub.post_json(hub.endpoint() + "/api/repos/create",
                {{"type", "space"},
                 {"organization", space.id.owner},
                 {"name", space.id.name},
                 {"sdk", sdk},
                 {"private", source.private_}},
                hub.writing(fmt::format("creating space '{}'", space.id.str()), std::nullopt), {},
                false);
}

class Mirror {
 public:
  explicit Mirror(const MirrorArguments& arguments)
      : arguments_(arguments),
        source_{RepoId::parse(arguments.name), parse_repo_type(arguments.type)},
        target_{RepoId::parse(arguments.as.empty() ? arguments.name : arguments.as), source_.type},
        from_(side(arguments.from, "TORCHHUB_FROM_TOKEN")),
        to_(side(arguments.to, "TORCHHUB_TO_TOKEN")),
        work_(arguments.work),
        git_from_{from_.endpoint, HubClient(from_).url_of(source_) + ".git", from_.token},
        git_to_{to_.endpoint, HubClient(to_).url_of(target_) + ".git", to_.token} {
    if (git_from_.url == git_to_.url) {
      throw InvalidArgumentError(
          "Source and target are the same repository. Name two hubs with "
          "--from and --to.");
    }
  }

  json run() {
    const bool is_new = create_target();
    const MirrorGit git(work_.repository(), work_.secrets(), {git_from_, git_to_});
    git.fetch(git_from_);
    const std::vector<LfsPointer> objects = pointers(git.path());
    make_folders(work_.objects());
    // Before the refs, since a hub refuses pointers to what it does not have.
    const std::uint64_t sent =
        mirror_objects(HubApi(from_), HubApi(to_), source_, target_, objects, work_.objects());
    // A new repository has a first commit of the hub's own making, which nobody will miss.
    git.push(git_to_, is_new || arguments_.force ? MirrorGit::Force::yes : MirrorGit::Force::no,
             arguments_.prune ? MirrorGit::Prune::yes : MirrorGit::Prune::no);
    return verify(git, objects, sent);
  }

 private:
  /// @return whether there was none
  bool create_target() const {
    const RepoInfo info = HubClient(from_).repo_info(source_);
    try {
      if (target_.type == RepoType::space) {
        create_space(HubApi(to_), target_, info);
      } else {
        HubClient(to_).create_repo(target_, {.private_ = info.private_});
      }
      return true;
    } catch (const ConflictError&) {
      return false;
    }
  }

  static std::vector<LfsPointer> pointers(const fs::path& repository) {
    const server::git::Repository git(repository, "/dev/null", Durability::relaxed);
    const auto found = server::git::walk_reachable(git, server::git::Depth::pointers);
    if (!found.problems.empty()) throw Error(found.problems.front());
    std::vector<LfsPointer> out;
    for (const auto& [oid, use] : found.pointers) out.push_back(use.object);
    return out;
  }

  json verify(const MirrorGit& git, const std::vector<LfsPointer>& objects,
              std::uint64_t sent) const {
    const std::map<std::string, std::string> wanted = git.own_refs();
    const std::map<std::string, std::string> there = git.refs_of(git_to_);
    std::vector<std::string> different;
    for (const auto& [name, id] : wanted) {
      const auto found = there.find(name);
      if (found == there.end() || found->second != id) different.push_back(name);
    }
    std::vector<std::string> missing;
    for (const LfsPointer& object : missing_objects(HubApi(to_), target_, objects)) {
      missing.push_back(object.oid);
    }
    return {{"from", git_from_.url},     {"to", git_to_.url}, {"refs", wanted.size()},
            {"objects", objects.size()}, {"sentBytes", sent}, {"differentRefs", different},
            {"missingObjects", missing}};
  }

  const MirrorArguments& arguments_;
  Repo source_;
  Repo target_;
  HubOptions from_;
  HubOptions to_;
  WorkFolder work_;
  GitRemote git_from_;
  GitRemote git_to_;
};

void mirror(const MirrorArguments& arguments) {
  const json result = Mirror(arguments).run();
  if (arguments.as_json) {
    fmt::print("{}\n", result.dump(2));
  } else {
    fmt::print("{} branches and tags, {} LFS objects ({} bytes were sent) from {} to {}\n",
               result["refs"].get<std::size_t>(), result["objects"].get<std::size_t>(),
               result["sentBytes"].get<std::uint64_t>(), result["from"].get<std::string>(),
               result["to"].get<std::string>());
  }
  if (result["differentRefs"].empty() && result["missingObjects"].empty()) return;
  fmt::print(stderr,
             "torchhub: afterwards {} branches or tags were not the same and {} objects were "
             "missing. If nobody changes either side, run it again.\n",
             result["differentRefs"].size(), result["missingObjects"].size());
  throw ExitStatus{kProblemFound};
}

void add_arguments(CLI::App& command, const std::shared_ptr<MirrorArguments>& arguments) {
  command.add_option("NAME", arguments->name, "owner/name")->required();
  command.add_option("--as", arguments->as, "Its name at the target, if not the same");
  command.add_option("--type", arguments->type, "model, dataset or space")
      ->capture_default_str()
      ->check(CLI::IsMember({"model", "dataset", "space"}));
  command
      .add_option("--work", arguments->work,
                  "Keeps the git history here, so that the next run fetches only what is new")
      ->type_name("FOLDER");
  command.add_flag("--force", arguments->force, "Move branches that have other commits, too");
  command.add_flag("--prune", arguments->prune, "Delete branches and tags that the source has not");
  command.add_flag("--json", arguments->as_json, "Print JSON");
  command.footer(
      "Tokens: TORCHHUB_FROM_TOKEN and TORCHHUB_TO_TOKEN, else HF_TOKEN for HF_ENDPOINT alone.");
  command.callback([arguments] { mirror(*arguments); });
}

}  // namespace

void add_mirror(CLI::App& app) {
  const auto arguments = std::make_shared<MirrorArguments>();
  CLI::App* mirror_command =
      app.add_subcommand("mirror", "Copy a repository between two hubs, with its history");
  mirror_command->require_subcommand(1);
  CLI::App* pull = mirror_command->add_subcommand("pull", "From another hub to HF_ENDPOINT");
  pull->add_option("--from", arguments->from, "The other hub")->required()->type_name("URL");
  pull->add_option("--to", arguments->to, "Instead of HF_ENDPOINT")->type_name("URL");
  add_arguments(*pull, arguments);
  CLI::App* push = mirror_command->add_subcommand("push", "From HF_ENDPOINT to another hub");
  push->add_option("--from", arguments->from, "Instead of HF_ENDPOINT")->type_name("URL");
  push->add_option("--to", arguments->to, "The other hub")->required()->type_name("URL");
  add_arguments(*push, arguments);
}

}  // namespace torchhub::cli
