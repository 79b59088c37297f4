#pragma once

#include "torchhub/hub/options.h"

#include <filesystem>
#include <functional>
#include <string>

namespace torchhub {

/// The folder that `source` means: a folder, "last" in `output_dir`, or a place on the Hub, whose
/// files are then downloaded. @param hub_options called only for the Hub
/// @throws CheckpointError if there is none; what HubClient throws
std::filesystem::path resolve_checkpoint(const std::string& source,
                                         const std::filesystem::path& output_dir,
                                         const std::function<HubOptions()>& hub_options);

}  // namespace torchhub
