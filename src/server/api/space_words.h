#pragma once

#include "torchhub/wire/repo.h"

#include <nlohmann/json_fwd.hpp>

namespace torchhub::server {

/// Adds what an info tells of a space alone: `sdk`, as its card says, and `subdomain`.
void add_space_words(nlohmann::json& info, const RepoId& id, const nlohmann::json& card);

}  // namespace torchhub::server
