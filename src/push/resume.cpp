#include "torchhub/push/resume.h"

#include "base/read_if_there.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/push/saved_files.h"
#include "torchhub/wire/checkpoint_folders.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

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

/// A save that was complete and not handed over. @param jobs those that were
std::optional<PushJob> save_cut_off(const PushJournal& journal, const std::vector<PushJob>& jobs) {
  const auto target = journal.target();
  if (!target || !target->pushes_saves) return std::nullopt;
  std::vector<std::int64_t> steps = complete_checkpoints(journal.output_dir());
  std::erase_if(steps, [&](std::int64_t step) {
    return std::find(target->known.begin(), target->known.end(), step) != target->known.end();
  });
  std::int64_t handed_over_until = target->handed_over;
  for (const PushJob& job : jobs) handed_over_until = std::max(handed_over_until, job.step);
  if (steps.empty() || steps.back() <= handed_over_until) return std::nullopt;
  const fs::path checkpoint = journal.output_dir() / checkpoint_name(steps.back());
  PushJob job{
      .repo = target->repo,
      .endpoint = target->endpoint,
      .revision = target->revision,
      .commit_message = progress_message(target->progress_unit, steps.back(), epoch_of(checkpoint)),
      .step = steps.back(),
      .snapshot = journal.new_snapshot()};
  add_save(job, journal.output_dir(), {.folder = checkpoint}, target->checkpoint,
           read_file_if_there(journal.output_dir() / "README.md"));
  job.is_left = true;
  journal.remember(job);
  PushTarget handed_over = *target;
  handed_over.handed_over = steps.back();
  journal.set_target(handed_over);
  return job;
}

}  // namespace

std::vector<PushJob> pushes_left(const PushJournal& journal) {
  std::vector<PushJob> jobs = journal.unfinished();
  if (auto save = save_cut_off(journal, jobs)) jobs.push_back(std::move(*save));
  return jobs;
}

}  // namespace torchhub
