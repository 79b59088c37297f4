#pragma once

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// Arguments as older versions of transformers wrote them, under today's names. What has no effect
/// any more is dropped; each change is logged. A name of today wins over an old one, unless it has
/// its default there.
/// @param output_dir where they do not name it: a repository of an organization may be called so
/// @param wrong receives values that cannot be carried over
nlohmann::ordered_json with_current_names(nlohmann::ordered_json json,
                                          const std::filesystem::path& output_dir,
                                          std::vector<std::string>& wrong);

/// Is it a name that with_current_names() understands?
bool is_old_argument_name(std::string_view name);

/// The field of today that has this old name's values; unset if there is none, or it has others.
std::optional<std::string> renamed_argument(std::string_view name);

}  // namespace torchhub
