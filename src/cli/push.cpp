#include "cli/commands.h"
#include "cli/left_pushes.h"
#include "push/push_attempt.h"
#include "torchhub/base/error.h"
#include "torchhub/hub/client.h"
#include "torchhub/push/push_job.h"
#include "torchhub/push/resume.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace torchhub::cli {
namespace {

namespace fs = std::filesystem;

struct ResumeArguments {
  std::string folder = {};
  std::string endpoint = {};
  std::string max_size = {};
  bool dry_run = false;
  bool on_top = false;
};

/// @return is it on the Hub now?
bool push(const HubClient& client, PushJob job, const PushJournal& journal, bool on_top) {
  if (const auto refusal = refused_at(client.options(), job)) {
    fmt::print(stderr, "torchhub: {}: {}\n", title_of(job), *refusal);
    return false;
  }
  if (on_top && !journal.last_push().has_arrived(job)) {
    job.is_left = false;
    job.moved_branch = MovedBranch::merge;
  }
  const auto push = [&](const PushJob& each, const std::stop_token& stop) {
    return push_job(client, each, journal, stop);
  };
  const PushAttempt attempt = attempt_push(push, job, {});
  if (attempt.is_over()) job.snapshot.release();
  const PushOutcome& outcome = attempt.outcome;
  if (!outcome.error.empty()) {
    fmt::print(stderr, "torchhub: {}: {}\n", title_of(job), outcome.error);
    return false;
  }
  fmt::print("{}: {}\n", title_of(job), outcome.commit_url.value_or("a newer one is there"));
  if (!outcome.card_problem.empty()) fmt::print("  without its card: {}\n", outcome.card_problem);
  return true;
}

/// A training that lives has its own pusher.
std::shared_ptr<const void> claim_of(const PushJournal& journal) {
  try {
    return journal.claim();
  } catch (const PushesTakenError& error) {
    fmt::print(stderr, "torchhub: {}\n", error.what());
    throw ExitStatus{kProblemFound};
  }
}

/// A save that was refused for its size may go now. Read again: nobody else writes it by now.
void allow(const PushJournal& journal, const std::string& max_size) {
  if (const auto target = target_allowing(journal, max_size)) journal.set_target(*target);
}

void resume(const ResumeArguments& arguments) {
  std::error_code error;
  if (!fs::is_directory(arguments.folder, error)) {
    throw InvalidArgumentError(fmt::format(
        "'{}' is not a folder. Give the output_dir of a training run.", arguments.folder));
  }
  const PushJournal journal(arguments.folder);
  const auto target = target_allowing(journal, arguments.max_size);
  const bool has_refused = refused_save(journal, target).has_value();
  if (list_pushes_left(journal, target).empty() && !has_refused) {  // perhaps no run's folder
    fmt::print("Nothing is left to push from '{}'.\n", arguments.folder);
    return;
  }
  HubOptions options = HubOptions::from_environment();
  if (!arguments.endpoint.empty()) options.endpoint = arguments.endpoint;
  const HubClient client(options);
  if (arguments.dry_run) {
    if (list_left_pushes(client, journal, target, arguments.on_top)) return;
    throw ExitStatus{kProblemFound};
  }
  const auto claim = claim_of(journal);
  if (!arguments.max_size.empty()) allow(journal, arguments.max_size);
  bool all_pushed = true;
  for (PushJob& job : pushes_left(journal)) {
    all_pushed = push(client, std::move(job), journal, arguments.on_top) && all_pushed;
  }
  all_pushed = tell_of_refused_save(journal, journal.target()) && all_pushed;
  if (!all_pushed) throw ExitStatus{kProblemFound};
}

}  // namespace

void add_push(CLI::App& app) {
  CLI::App* push_command = app.add_subcommand("push", "Push saved folders, and what runs left");
  push_command->require_subcommand(1);
  add_push_folder(*push_command);
  const auto arguments = std::make_shared<ResumeArguments>();
  CLI::App* resume_command = push_command->add_subcommand(
      "resume", "Push what a run that was killed had saved and not pushed");
  resume_command->add_option("folder", arguments->folder, "The run's output_dir")->required();
  resume_command->add_option("--endpoint", arguments->endpoint, "The Hub; default: HF_ENDPOINT");
  resume_command->add_option("--max-size", arguments->max_size,
                             "Let a save be this large, whatever the run allowed; such as 5GB");
  resume_command->add_flag(
      "--dry-run", arguments->dry_run,
      "List what would go and where to, with what is in its way; push nothing");
  resume_command->add_flag("--on-top", arguments->on_top,
                           "Push even what others have changed on the Hub since it was saved");
  resume_command->callback([arguments] { resume(*arguments); });
}

}  // namespace torchhub::cli
