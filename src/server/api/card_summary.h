#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace torchhub::server {

/// What is wrong with the front matter of a README.md, or nothing. At most 256 KiB, 20 levels, no
/// aliases and tags (server.md 13.4).
std::optional<std::string> problem_of_card(const std::string& readme);

/// Adds cardData, tags, pipeline_tag, library_name and model-index to a repository's description.
/// A card that cannot be read adds nothing.
void add_card(nlohmann::json& info, const std::string& readme);

}  // namespace torchhub::server
