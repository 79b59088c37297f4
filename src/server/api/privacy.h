#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>

namespace torchhub::server {

/// `private`, or the newer `visibility`; nothing if neither was sent. @throws ApiError 400
std::optional<bool> wanted_privacy(const nlohmann::json& body);

}  // namespace torchhub::server
