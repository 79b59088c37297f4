#pragma once

#include "server/git/repository.h"
#include "server/hub_state.h"
#include "server/repos/repo_search.h"

#include <nlohmann/json_fwd.hpp>

#include <set>
#include <string>

namespace torchhub::server {

struct InfoWishes {
  bool blobs = false;                 ///< Sizes and ids of siblings.
  bool security = false;              ///< What scans found.
  std::set<std::string> expand = {};  ///< Only these fields, if any.
};

struct ListWishes {
  bool full = false;    ///< All below, and the files.
  bool card = false;    ///< cardData.
  bool config = false;  ///< config.
  bool linked = false;  ///< Of a space the models and data sets that its card names.
  std::set<std::string> expand = {};
};

/// Drops all but the ids and the named fields.
void keep_only(nlohmann::json& info, const std::set<std::string>& expand);

/// false, "auto" or "manual".
nlohmann::json describe_gate(const std::string& gated);

/// `[{"rfilename": "a.txt"}, ...]`
nlohmann::json siblings(const git::Repository& git, const std::string& commit);

/// What every answer about a repository has.
nlohmann::json describe_briefly(const HubState& hub, const RepoRow& repo);

/// An item of a list.
nlohmann::json describe(const HubState& hub, const FoundRepo& found, const ListWishes& wishes);

/// The answer of repo info at `commit`. @throws ApiError 400 for an unknown field in `expand`
nlohmann::json describe(const HubState& hub, const RepoRow& repo, const git::Repository& git,
                        const std::string& commit, const InfoWishes& wishes);

/// A file or folder as tree and paths-info show it.
nlohmann::json describe(const git::Entry& entry);

}  // namespace torchhub::server
