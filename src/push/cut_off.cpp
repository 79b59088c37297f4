#include "push/cut_off.h"

#include "base/read_if_there.h"
#include "push/fingerprints.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/push/card_sync.h"
#include "torchhub/push/saved_files.h"
#include "torchhub/wire/checkpoint_folders.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// The epoch that trainer_state.json notes; 0 if it notes none.
double epoch_of(const fs::path& checkpoint) {
  const auto state = nlohmann::json::parse(read_file(checkpoint / "trainer_state.json"), nullptr,
                                           /*allow_exceptions=*/false);
  if (!state.is_object()) return 0;
  const auto epoch = state.find("epoch");
  return epoch != state.end() && epoch->is_number() ? epoch->get<double>() : 0;
}

/// Not one that was there when the run began, unless the run has put its own in its place.
bool is_of_this_run(const PushJournal& journal, const PushTarget& target, std::int64_t step) {
  const auto known = target.known.find(step);
  return known == target.known.end() ||
         known->second != fingerprint_of(checkpoint_of(journal, step));
}

}  // namespace

fs::path checkpoint_of(const PushJournal& journal, std::int64_t step) {
  return journal.output_dir() / checkpoint_name(step);
}

std::int64_t newest_handed_over(const PushTarget& target, const std::vector<PushJob>& jobs) {
  std::int64_t newest = target.handed_over;
  for (const PushJob& job : jobs) {
    if (job.place() == target.place()) newest = std::max(newest, job.step);
  }
  return newest;
}

std::optional<std::int64_t> step_cut_off(const PushJournal& journal, const PushTarget& target,
                                         const std::vector<PushJob>& jobs) {
  if (!target.pushes_saves) return std::nullopt;
  std::vector<std::int64_t> steps = complete_checkpoints(journal.output_dir());
  const std::int64_t newest = newest_handed_over(target, jobs);
  while (!steps.empty() && steps.back() > newest) {
    if (is_of_this_run(journal, target, steps.back())) return steps.back();
    steps.pop_back();
  }
  return std::nullopt;
}

PushJob left_job(const PushTarget& target, std::string commit_message, std::int64_t step) {
  return {.repo = target.repo,
          .endpoint = target.endpoint,
          .revision = target.revision,
          .commit_message = std::move(commit_message),
          .step = step,
          .is_left = true,
          .card_keys = target.card_keys,
          .overwrites_card = target.overwrites_card};
}

PushJob commit_cut_off(const PushJournal& journal, const PushTarget& target, std::int64_t step) {
  const double epoch = epoch_of(checkpoint_of(journal, step));
  return left_job(target, progress_message(target.progress_unit, step, epoch), step);
}

CardThere card_there(const PushJournal& journal, const PushTarget& target) {
  const CardMode mode = target.overwrites_card ? CardMode::overwrite : CardMode::merge;
  if (auto problem = CardSync(journal.output_dir(), mode).problem()) {
    return {.problem = *std::move(problem)};
  }
  return {.text = read_file_if_there(journal.output_dir() / "README.md")};
}

std::vector<PushJob> hand_over_cut_off(const PushJournal& journal, const PushTarget& target,
                                       std::int64_t step) {
  PushJob first = commit_cut_off(journal, target, step);
  first.snapshot = journal.new_snapshot();
  const CardThere card = card_there(journal, target);
  first.card_problem = card.problem;
  std::vector<PushJob> jobs = jobs_of_save(
      std::move(first), journal, {.folder = checkpoint_of(journal, step)}, target, card.text);
  for (const PushJob& job : jobs) journal.remember(job);
  return jobs;
}

}  // namespace torchhub
