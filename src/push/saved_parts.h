#pragma once

#include "torchhub/push/saved_files.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Which files a save is made of, before any of them is copied.
namespace torchhub {

/// Files of output_dir: not our own, nor checkpoints, which go by strategy.
PathFilter output_filter(const SaveSelection& selection);

/// The whole checkpoint, where it goes. @param which not none
SavedPart checkpoint_part(const CheckpointFiles& checkpoint, PushedCheckpoint which,
                          const SaveSelection& selection);

std::optional<std::string> selected_card(const std::optional<std::string>& card,
                                         const SaveSelection& selection);

/// As messages have it: "The save 'my-net/checkpoint-4'".
std::string name_of_save(const std::filesystem::path& folder);

/// Where the files of these parts lie, by path in the repository; of two for one path the later
/// part's. @throws FileError
std::map<std::string, std::filesystem::path> sources_of(const std::vector<SavedPart>& parts);

/// What is to go of these parts, and as README.md the card. Without a place or a message.
/// @throws FileError
PushPlan plan_of(const std::vector<SavedPart>& parts, const std::optional<std::string>& card);

}  // namespace torchhub
