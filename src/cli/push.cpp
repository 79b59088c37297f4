#include "cli/commands.h"
#include "push/push_attempt.h"
#include "torchhub/base/byte_size.h"
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

std::string title_of(const PushJob& job) {
  return fmt::format("{} -> {} ({})", job.commit_message, job.repo.id.str(), job.revision);
}

void list(const std::vector<ListedPush>& pushes) {
  for (const auto& [job, files] : pushes) {
    fmt::print("{}\n", title_of(job));
    for (const FileToPush& file : files) fmt::print("  {:>10}  {}\n", file.bytes, file.path);
  }
}

/// @return is it on the Hub now?
bool push(const HubClient& client, PushJob job, const PushJournal& journal, bool on_top) {
  if (job.endpoint != client.options().endpoint) {
    fmt::print(stderr,
               "torchhub: {}: belongs to the Hub at {}, not to {}. Give --endpoint {} and a token "
               "for it.\n",
               title_of(job), job.endpoint, client.options().endpoint, job.endpoint);
    return false;
  }
  if (on_top) {
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

/// A save that was refused for its size may go now.
void allow(const PushJournal& journal, const std::string& max_size) {
  auto target = journal.target();
  if (max_size.empty() || !target) return;
  target->selection.max_bytes = parse_byte_size(max_size);
  journal.set_target(*target);
}

/// @return is there none?
bool tell_of_refused_save(const PushJournal& journal) {
  const auto refusal = refused_save(journal);
  if (refusal) fmt::print(stderr, "torchhub: {}\n", *refusal);
  return !refusal;
}

void resume(const ResumeArguments& arguments) {
  std::error_code error;
  if (!fs::is_directory(arguments.folder, error)) {
    throw InvalidArgumentError(fmt::format(
        "'{}' is not a folder. Give the output_dir of a training run.", arguments.folder));
  }
  const PushJournal journal(arguments.folder);
  const bool has_refused = refused_save(journal).has_value();
  if (list_pushes_left(journal).empty() && !has_refused) {  // it may be no run's folder at all
    fmt::print("Nothing is left to push from '{}'.\n", arguments.folder);
    return;
  }
  if (arguments.dry_run) {
    list(list_pushes_left(journal));
    if (!tell_of_refused_save(journal)) throw ExitStatus{kProblemFound};
    return;
  }
  HubOptions options = HubOptions::from_environment();
  if (!arguments.endpoint.empty()) options.endpoint = arguments.endpoint;
  const HubClient client(options);
  const auto claim = claim_of(journal);
  allow(journal, arguments.max_size);
  bool all_pushed = true;
  for (PushJob& job : pushes_left(journal)) {
    all_pushed = push(client, std::move(job), journal, arguments.on_top) && all_pushed;
  }
  all_pushed = tell_of_refused_save(journal) && all_pushed;
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
  resume_command->add_flag("--dry-run", arguments->dry_run, "List what would go, and push nothing");
  resume_command->add_flag("--on-top", arguments->on_top,
                           "Push even what others have changed on the Hub since it was saved");
  resume_command->callback([arguments] { resume(*arguments); });
}

}  // namespace torchhub::cli
