#include "torchhub/push/push_folder.h"

#include "cli/commands.h"
#include "torchhub/base/byte_size.h"
#include "torchhub/card/errors.h"
#include "torchhub/push/secrets.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace torchhub::cli {
namespace {

struct FolderArguments {
  std::string folder = {};
  std::string repo = {};
  std::string endpoint = {};
  std::string revision = {};
  std::string message = {};
  std::string tag = {};
  std::vector<std::string> card_tags = {};
  std::string card = "keep";
  std::vector<std::string> include = {};
  std::vector<std::string> exclude = {};
  std::string max_size = {};
  bool private_ = false;
  bool create_pr = false;
  bool dry_run = false;
};

PushFolderOptions options_of(const FolderArguments& arguments) {
  PushFolderOptions options{.repo_id = arguments.repo,
                            .create_pr = arguments.create_pr,
                            .tags = arguments.card_tags,
                            .card_mode = parse_card_mode(arguments.card)};
  if (!arguments.revision.empty()) options.revision = arguments.revision;
  if (!arguments.message.empty()) options.commit_message = arguments.message;
  if (!arguments.tag.empty()) options.tag = arguments.tag;
  if (arguments.private_) options.private_ = true;
  if (!arguments.max_size.empty()) options.max_bytes = parse_byte_size(arguments.max_size);
  if (!arguments.include.empty()) options.filter = {.allow = arguments.include};
  options.filter.ignore.insert(options.filter.ignore.end(), arguments.exclude.begin(),
                               arguments.exclude.end());
  return options;
}

void list(const PushPlan& plan, bool takes_card) {
  fmt::print("{} -> {} ({})\n", plan.commit_message, plan.repo_id, plan.revision);
  for (const FileToPush& file : plan.files) fmt::print("  {:>10}  {}\n", file.bytes, file.path);
  fmt::print("{} file{}, {} bytes; what the Hub has already does not travel.{}\n",
             plan.files.size(), plan.files.size() == 1 ? "" : "s", plan.bytes,
             takes_card ? " README.md is settled with the one on the Hub." : "");
}

void push(const FolderArguments& arguments, const PushFolderOptions& options) {
  HubOptions hub = HubOptions::from_environment();
  if (!arguments.endpoint.empty()) hub.endpoint = arguments.endpoint;
  const CommitInfo info = push_folder(HubClient(hub), arguments.folder, options);
  fmt::print("{}: {}\n", info.commit_message, info.pr_url.value_or(info.commit_url));
  if (!info.changed) fmt::print("Nothing had changed; no commit was made.\n");
}

std::vector<std::string> paths_of(const PushPlan& plan) {
  std::vector<std::string> paths;
  for (const FileToPush& file : plan.files) paths.push_back(file.path);
  return paths;
}

void run(const FolderArguments& arguments) {
  const PushFolderOptions options = options_of(arguments);
  try {
    if (!arguments.dry_run) return push(arguments, options);
    const PushPlan plan = plan_push(arguments.folder, options);
    list(plan, options.filter.takes("README.md"));
    std::fflush(stdout);
    require_no_secrets(arguments.folder, paths_of(plan), HubOptions::from_environment().token);
  } catch (const ModelCardError& error) {
    end_with_problem(error.what());
  } catch (const SecretFoundError& error) {
    end_with_problem(error.what());
  } catch (const TagTakenError& error) {
    end_with_problem(error.what());
  } catch (const PushTooLargeError& error) {
    end_with_problem(
        error.told_of("that --max-size allows",
                      "Leave files out with --exclude or --include, or give a larger --max-size."));
  }
}

}  // namespace

void add_push_folder(CLI::App& push_command) {
  const auto arguments = std::make_shared<FolderArguments>();
  CLI::App* command = push_command.add_subcommand("folder", "Push a saved folder as one commit");
  command->add_option("folder", arguments->folder, "What to push")->required();
  command->add_option("repo", arguments->repo, "name or owner/name; made if missing")->required();
  command->add_option("--endpoint", arguments->endpoint, "The Hub; default: HF_ENDPOINT");
  command->add_option("--revision", arguments->revision, "Branch, made if missing; default: main");
  command->add_option("--message", arguments->message, "Title of the commit");
  command->add_flag("--private", arguments->private_, "Make a new repository private");
  command->add_flag("--create-pr", arguments->create_pr,
                    "Open a pull request instead, to a repository that is there");
  command->add_option("--tag", arguments->tag, "Set this git tag on the commit");
  // Without allow_extra_args(false) a list would swallow the words after it.
  command->add_option("--card-tag", arguments->card_tags, "Add this tag to the card; repeatable")
      ->allow_extra_args(false);
  command->add_option("--card", arguments->card,
                      "README.md on the Hub: keep (default), merge or overwrite with the folder's");
  command
      ->add_option("--include", arguments->include,
                   "Push only paths that match this pattern; repeatable")
      ->allow_extra_args(false);
  command
      ->add_option("--exclude", arguments->exclude,
                   "Leave out paths that match this pattern; repeatable. Without --include, "
                   "'_*' and 'checkpoint-*' are left out as well")
      ->allow_extra_args(false);
  command->add_option("--max-size", arguments->max_size, "Refuse to push more, such as 5GB");
  command->add_flag("--dry-run", arguments->dry_run, "List what would go, and push nothing");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace torchhub::cli
