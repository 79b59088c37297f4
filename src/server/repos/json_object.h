#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string_view>

namespace torchhub::server {

/// The object in a stranger's text; nothing if it is something else, or deeper than 64 levels.
std::optional<nlohmann::json> find_json_object(std::string_view text);

}  // namespace torchhub::server
