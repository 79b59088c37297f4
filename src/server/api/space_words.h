#pragma once

#include "torchhub/wire/repo.h"

#include <nlohmann/json_fwd.hpp>

namespace torchhub::server {

/// Adds what an info tells of a space alone: `sdk`, as its card says, and `subdomain`.
void add_space_words(nlohmann::json& info, const RepoId& id, const nlohmann::json& card);

/// Adds `models` and `datasets`, the ids of the repositories that the card says the space uses.
void add_linked_repos(nlohmann::json& info, const nlohmann::json& card);

}  // namespace torchhub::server
