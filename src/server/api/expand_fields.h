#pragma once

#include "torchhub/wire/repo.h"

#include <set>
#include <string>

namespace torchhub::server {

/// @throws ApiError 400, naming the fields of that type, for one that `expand` does not know; those
/// of another type have no value
void check_expand(const std::set<std::string>& expand, RepoType type);

}  // namespace torchhub::server
