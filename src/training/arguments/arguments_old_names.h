#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// Arguments as older versions of transformers wrote them, under today's names. What has no effect
/// any more is dropped; each change is logged. A name of today wins over an old one.
/// @param wrong receives values that cannot be carried over
nlohmann::ordered_json with_current_names(nlohmann::ordered_json json,
                                          std::vector<std::string>& wrong);

/// Is it a name that with_current_names() understands?
bool is_old_argument_name(std::string_view name);

}  // namespace torchhub
