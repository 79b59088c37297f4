#pragma once

#include "hub/api.h"

#include <map>
#include <stop_token>
#include <string>
#include <string_view>

namespace torchhub {

/// What the contents of a file hash to. A server may keep a file that came inline as an LFS object,
/// so either id may be the one that its tree shows. Both empty: there is nothing at that path.
struct ContentIds {
  std::string git_blob_id = {};
  std::string sha256 = {};

  bool absent() const { return git_blob_id.empty() && sha256.empty(); }
};

/// By path in the repository.
using ExpectedFiles = std::map<std::string, ContentIds, std::less<>>;

/// What a commit leaves at the paths that its NDJSON lines name. `.gitattributes` is not among
/// them: a Hub adds lines of its own to it.
ExpectedFiles files_after(std::string_view lines);

/// Does the tree of `commit` have just that at those paths? @throws HubHttpError, ConnectionError
bool tree_has(const HubApi& api, const Repo& repo, const std::string& commit,
              const ExpectedFiles& files, std::stop_token stop);

}  // namespace torchhub
