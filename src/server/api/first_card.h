#pragma once

#include "torchhub/wire/repo.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace torchhub::server {

/// The README.md of a new repository by what the request to make it says: `license`, and for a
/// space `sdk`, which it must name. @return empty if there is nothing to say. @throws ApiError 400
std::string first_card(const nlohmann::json& body, const Repo& repo);

}  // namespace torchhub::server
