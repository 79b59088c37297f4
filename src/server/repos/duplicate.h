#pragma once

#include "server/repos/repo_maker.h"

namespace torchhub::server {

/// A new repository with the branches, tags and LFS objects of `source`, and its whole history. No
/// bytes are copied where the disk knows hard links: objects never change. Pull requests stay where
/// they were made. Nothing if the name is taken.
std::optional<RepoRow> duplicate_repo(HubState& hub, const RepoRow& source, const NewRepo& wanted,
                                      const Account& creator);

}  // namespace torchhub::server
