#pragma once

#include "torchhub/models/push_to_hub.h"
#include "torchhub/push/pushable_files.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace torchhub {

class PreTrainedModel;

/// Appends what `words` does not hold yet.
void add_missing(std::vector<std::string>& words, const std::vector<std::string>& more);

/// What an object is known by when it is pushed.
struct PushedObject {
  std::string class_name;
  std::vector<std::string> tags = {};
  std::string base_model = {};  ///< The repository that it was loaded from; empty: none.
  std::int64_t parameters = 0;  ///< 0: it has no weights.
};

PushedObject pushed_model(const PreTrainedModel& model);

/// Pushes the folder that an object was saved into. @param unless_as see PushFolderOptions
/// @throws what push_folder() throws
CommitInfo push_saved(const std::filesystem::path& folder, const std::string& repo_id,
                      const PushedObject& object, const PushObjectOptions& options,
                      FileStamps unless_as = {});

/// Of a folder that need not be there yet.
FileStamps stamps_before_saving(const std::filesystem::path& folder);

}  // namespace torchhub
