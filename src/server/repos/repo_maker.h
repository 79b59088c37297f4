#pragma once

#include "server/hub_state.h"

#include <map>
#include <optional>
#include <string>

namespace torchhub::server {

struct NewRepo {
  RepoType type = RepoType::model;
  Account owner = {};
  std::string name = {};
  bool private_ = false;
  /// Of the first commit, besides .gitattributes; these win.
  std::map<std::string, std::string> files = {};
};

/// Makes the repository with its "initial commit". Nothing if the name is taken; nothing stays if
/// this throws. @throws ApiError 400 for files in each other's way; DiskFullError, DatabaseError
std::optional<RepoRow> make_repo(HubState& hub, const NewRepo& wanted, const Account& creator);

/// Takes the repository away from everybody, then moves it to the trash. Once the first is done,
/// what fails is left to the next start. @throws DatabaseError
void remove_repo(HubState& hub, const RepoRow& repo);

/// Name and mail address in commits.
git::SignatureHandle signature_of(const HubState& hub, const std::string& user);

}  // namespace torchhub::server
