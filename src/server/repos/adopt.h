#pragma once

#include "server/store/database.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace torchhub::server {

/// What to do about an owner or creator that is no account any more.
enum class MissingAccount {
  make,   ///< As the label remembers it, without rights over the site.
  refuse  ///< For the owner; a creator is forgotten.
};

/// Puts the row of a repository back that is on disk, as its label says; its name is free again for
/// nobody else. Rows that belong to it (in labels from the trash) come back as far as they can.
/// @param lost receives how many did not
/// @return why not, a sentence without its subject ("the name ... is taken"), or nothing
std::optional<std::string> adopt_repo(Connection& connection, const nlohmann::json& label,
                                      MissingAccount missing, std::size_t& lost);

}  // namespace torchhub::server
