#pragma once

#include "torchhub/push/saved_files.h"

#include <filesystem>
#include <string>
#include <vector>

/// Which files of the repository a save takes the place of: PushJob::replaced.
namespace torchhub {

inline bool takes_all(const PathFilter& filter) {
  return filter.allow.empty() && filter.ignore.empty();
}

/// Of all that add_save() adds. @throws FileError
std::vector<std::string> replaced_by_save(const CheckpointFiles& checkpoint, PushedCheckpoint which,
                                          const SaveSelection& selection);

/// Of what add_output_folder() adds. @param paths of the files that go. @throws FileError
std::vector<std::string> replaced_by_output(const std::filesystem::path& folder,
                                            const std::vector<std::string>& paths,
                                            const SaveSelection& selection);

}  // namespace torchhub
