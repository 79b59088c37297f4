#pragma once

#include "server/git/repository.h"
#include "server/hub_state.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace torchhub::server {

/// `{"parameters": {"F32": 7}, "total": 7}` from the headers of model.safetensors, or of the shards
/// that model.safetensors.index.json names. Null if there is neither, if one cannot be read, or if
/// the headers are larger than any honest model's.
nlohmann::json count_parameters(const HubState& hub, const RepoRow& repo,
                                const git::Repository& git, const std::string& commit);

}  // namespace torchhub::server
