#pragma once

#include "server/hub_state.h"

#include <cstdint>
#include <string>
#include <vector>

namespace torchhub::server {

/// An LFS object of a repository, and where the history has it first.
struct LfsFile {
  std::string oid;
  std::uint64_t size = 0;
  std::string path = {};    ///< Empty: no commit names it.
  std::string ref = {};     ///< "main", "refs/pr/1".
  std::string pusher = {};  ///< The commit's author.
  TimePoint pushed = {};
};

/// Newest first. Reads the history of every ref.
std::vector<LfsFile> list_lfs_files(const HubState& hub, const RepoRow& repo);

}  // namespace torchhub::server
