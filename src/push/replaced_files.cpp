#include "push/replaced_files.h"

#include "push/files_below.h"
#include "push/root_weights.h"
#include "push/saved_parts.h"

#include <algorithm>

namespace torchhub {
namespace {

/// Do weights of `folder` stay here? Then those on the Hub must not go for want of them.
bool leaves_weights_out(const std::filesystem::path& folder, const PathFilter& asked) {
  if (takes_all(asked)) return false;
  const std::vector<std::string> weights = files_below(folder, {.allow = root_weights()});
  return std::any_of(weights.begin(), weights.end(),
                     [&](const std::string& path) { return !asked.takes(path); });
}

}  // namespace

std::vector<std::string> replaced_by_save(const CheckpointFiles& checkpoint, PushedCheckpoint which,
                                          const SaveSelection& selection) {
  std::vector<std::string> replaced;
  if (!leaves_weights_out(checkpoint.folder, selection.root)) replaced = root_weights();
  if (which != PushedCheckpoint::none) {
    replaced.push_back(checkpoint_part(checkpoint, which, selection).path_in_repo + "/*");
  }
  return replaced;
}

std::vector<std::string> replaced_by_output(const std::filesystem::path& folder,
                                            const std::vector<std::string>& paths,
                                            const SaveSelection& selection) {
  const PathFilter weights{.allow = root_weights()};
  const bool brings_weights = std::any_of(
      paths.begin(), paths.end(), [&](const std::string& path) { return weights.takes(path); });
  if (!brings_weights || leaves_weights_out(folder, selection.root)) return {};
  return root_weights();
}

}  // namespace torchhub
