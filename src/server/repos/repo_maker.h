#pragma once

#include "server/hub_state.h"

#include <functional>
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
  std::string copied_from = {};  ///< For the event log: "datasets/ana/reviews"; empty: new.
};

/// Makes the repository with its "initial commit". Nothing if the name is taken; nothing stays if
/// this throws. @throws ApiError 400 for files in each other's way; DiskFullError, DatabaseError
std::optional<RepoRow> make_repo(HubState& hub, const NewRepo& wanted, const Account& creator);

/// Puts refs and objects into a new repository that nobody sees yet, and may link objects to it.
using FillRepo = std::function<void(git::Repository& repository, const RepoRow& row)>;

/// As make_repo(), but with what `fill` gives it in place of a first commit.
std::optional<RepoRow> make_filled_repo(HubState& hub, const NewRepo& wanted,
                                        const Account& creator, const FillRepo& fill);

/// Gives the repository the owner and name of `to`. Its old name leads to it from then on.
/// @return false if there is a repository of that name @throws DatabaseError
bool move_repo(HubState& hub, const RepoRow& from, const RepoRow& to, const Account& by);

/// Takes the repository away from everybody, then moves it to the trash. Once the first is done,
/// what fails is left to the next start. @throws DatabaseError
void remove_repo(HubState& hub, const RepoRow& repo, const Account& by);

/// Name and mail address in commits.
git::SignatureHandle signature_of(const HubState& hub, const std::string& user);

/// What a deletion that was cut off has left to do, or that waited for the next start.
void finish_deletion(HubState& hub, const std::string& id);

}  // namespace torchhub::server
