#pragma once

#include "server/git/repository.h"
#include "server/hub_state.h"

#include <nlohmann/json_fwd.hpp>

#include <set>
#include <string>

namespace torchhub::server {

struct InfoWishes {
  bool blobs = false;                 ///< Sizes and ids of siblings.
  std::set<std::string> expand = {};  ///< Only these fields, if any.
};

/// What lists show of a repository.
nlohmann::json describe_briefly(const RepoRow& repo);

/// The answer of repo info at `commit`. @throws ApiError 400 for an unknown field in `expand`
nlohmann::json describe(const HubState& hub, const RepoRow& repo, const git::Repository& git,
                        const std::string& commit, const InfoWishes& wishes);

/// A file or folder as tree and paths-info show it.
nlohmann::json describe(const git::Entry& entry);

}  // namespace torchhub::server
