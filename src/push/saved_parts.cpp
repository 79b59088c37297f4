#include "push/saved_parts.h"

#include "push/files_below.h"
#include "push/never_pushed.h"
#include "push/root_weights.h"
#include "push/size_guard.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// What both take. @param ours allows all that it does not ignore
PathFilter narrowed(PathFilter ours, const PathFilter& asked) {
  ours.allow = asked.allow;
  ours.ignore.insert(ours.ignore.end(), asked.ignore.begin(), asked.ignore.end());
  return ours;
}

/// Of a checkpoint, what makes the model at the repository's root: all that Trainer::save_model()
/// wrote, but not what only a resume needs.
PathFilter model_filter() {
  return {.ignore = {"optimizer.pt", "scheduler.pt", "scaler.pt", "rng_state*.pth",
                     "trainer_state.json", "torchhub_state.json", "training_args.bin"}};
}

std::string name_in_repo(const CheckpointFiles& checkpoint, PushedCheckpoint which) {
  return which == PushedCheckpoint::as_last ? "last-checkpoint"
                                            : checkpoint.folder.filename().string();
}

}  // namespace

PathFilter output_filter(const SaveSelection& selection) {
  PathFilter filter{.ignore = never_pushed()};
  filter.ignore.insert(filter.ignore.end(), {"_*", "checkpoint-*", "*/.cache/*"});
  return narrowed(std::move(filter), selection.root);
}

SavedPart checkpoint_part(const CheckpointFiles& checkpoint, PushedCheckpoint which,
                          const SaveSelection& selection) {
  return {.folder = checkpoint.folder,
          .path_in_repo = name_in_repo(checkpoint, which),
          .filter = selection.checkpoint,
          .frozen = true};
}

std::string name_of_save(const fs::path& folder) {
  return fmt::format("The save '{}'", folder.string());
}

std::optional<std::string> selected_card(const std::optional<std::string>& card,
                                         const SaveSelection& selection) {
  return selection.root.takes("README.md") ? card : std::nullopt;
}

std::map<std::string, fs::path> sources_of(const std::vector<SavedPart>& parts) {
  std::map<std::string, fs::path> sources;
  for (const SavedPart& part : parts) {
    for (const std::string& path : files_below(part.folder, part.filter)) {
      sources[(fs::path(part.path_in_repo) / path).generic_string()] = part.folder / path;
    }
  }
  return sources;
}

PushPlan plan_of(const std::vector<SavedPart>& parts, const std::optional<std::string>& card) {
  std::map<std::string, fs::path> sources = sources_of(parts);
  if (card) sources["README.md"] = fs::path();  // it has no file
  PushPlan plan;
  std::set<fs::path> counted;
  for (const auto& [path, source] : sources) {
    std::error_code gone;  // a file of output_dir may be on its way to another name
    const std::uint64_t bytes = source.empty() ? card->size() : fs::file_size(source, gone);
    if (gone) continue;
    plan.files.push_back({.path = path, .bytes = bytes});
    if (counted.insert(source).second) plan.bytes += bytes;
  }
  return plan;
}

std::vector<SavedPart> parts_of_save(const fs::path& output_dir, const CheckpointFiles& checkpoint,
                                     PushedCheckpoint which, const SaveSelection& selection) {
  PathFilter beside = output_filter(selection);
  beside.ignore.emplace_back("README.md");
  // Weights in output_dir are those of an older save.
  beside.ignore.insert(beside.ignore.end(), root_weights().begin(), root_weights().end());
  std::vector<SavedPart> parts{{.folder = output_dir, .filter = std::move(beside)}};
  if (checkpoint.folder.empty()) return parts;
  parts.push_back({.folder = checkpoint.folder,
                   .filter = narrowed(model_filter(), selection.root),
                   .frozen = true});
  if (which != PushedCheckpoint::none) {
    parts.push_back(checkpoint_part(checkpoint, which, selection));
  }
  return parts;
}

PushPlan plan_save(const fs::path& output_dir, const CheckpointFiles& checkpoint,
                   const PushTarget& target, const std::optional<std::string>& card) {
  const SaveSelection& selection = target.selection;
  PushPlan plan = plan_of(parts_of_save(output_dir, checkpoint, target.checkpoint, selection),
                          selected_card(card, selection));
  plan.repo_id = target.repo.id.str();
  plan.revision = target.revision;
  const fs::path& named = checkpoint.folder.empty() ? output_dir : checkpoint.folder;
  if (plan.files.empty()) {
    throw InvalidArgumentError(
        name_of_save(named) +
        " holds no file to push. Look at the patterns of what is selected of it.");
  }
  require_size(plan, selection.max_bytes, name_of_save(named));
  return plan;
}

}  // namespace torchhub
