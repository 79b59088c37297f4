#include "torchhub/push/saved_files.h"

#include "push/never_pushed.h"
#include "push/root_weights.h"
#include "torchhub/push/card_sync.h"

#include <algorithm>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// Nor our own files, and checkpoints, which go by strategy.
PathFilter output_filter() {
  PathFilter filter{.ignore = never_pushed()};
  filter.ignore.insert(filter.ignore.end(), {"_*", "checkpoint-*", "*/.cache/*"});
  return filter;
}

/// Of a checkpoint, what makes the model at the repository's root: all that Trainer::save_model()
/// wrote, but not what only a resume needs.
PathFilter model_filter() {
  return {.ignore = {"optimizer.pt", "scheduler.pt", "scaler.pt", "rng_state*.pth",
                     "trainer_state.json", "torchhub_state.json", "training_args.bin"}};
}

}  // namespace

void add_save(PushJob& job, const fs::path& output_dir, const CheckpointFiles& checkpoint,
              PushedCheckpoint which, const std::optional<std::string>& card) {
  PathFilter beside = output_filter();
  beside.ignore.emplace_back("README.md");
  // Weights in output_dir are those of an older save.
  beside.ignore.insert(beside.ignore.end(), root_weights().begin(), root_weights().end());
  job.snapshot.add_folder(output_dir, "", beside, /*frozen=*/false);
  job.snapshot.add_folder(checkpoint.folder, "", model_filter(), /*frozen=*/true);
  for (const auto& [name, sha256] : checkpoint.sha256) {
    if (model_filter().takes(name)) job.sha256[name] = sha256;
  }
  if (card) job.snapshot.add_text(*card, "README.md");
  job.replaced = root_weights();
  if (which != PushedCheckpoint::none) add_checkpoint(job, checkpoint, which);
}

void add_checkpoint(PushJob& job, const CheckpointFiles& checkpoint, PushedCheckpoint which) {
  const bool as_last = which == PushedCheckpoint::as_last;
  const std::string name = as_last ? "last-checkpoint" : checkpoint.folder.filename().string();
  job.snapshot.add_folder(checkpoint.folder, name, {}, /*frozen=*/true);
  for (const auto& [file, sha256] : checkpoint.sha256) job.sha256[name + "/" + file] = sha256;
  job.replaced.push_back(name + "/*");
  if (!as_last) job.lasting.push_back(name + "/*");
}

void add_output_folder(PushJob& job, const fs::path& folder,
                       const std::optional<std::string>& card) {
  PathFilter filter = output_filter();
  if (card || !CardSync(folder).is_readable()) filter.ignore.emplace_back("README.md");
  job.snapshot.add_folder(folder, "", filter, /*frozen=*/false);
  if (card) job.snapshot.add_text(*card, "README.md");
  const PathFilter weights{.allow = root_weights()};
  const std::vector<std::string> paths = job.snapshot.paths();
  const bool brings_weights = std::any_of(
      paths.begin(), paths.end(), [&](const std::string& path) { return weights.takes(path); });
  if (brings_weights) job.replaced = root_weights();
}

}  // namespace torchhub
