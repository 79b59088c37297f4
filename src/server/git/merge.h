#pragma once

#include "server/git/handles.h"

#include <optional>
#include <string>
#include <vector>

namespace torchhub::server::git {

/// What came of bringing two commits together.
struct Merged {
  git_oid tree = {};                        ///< Of no use where there are conflicts.
  std::vector<std::string> conflicts = {};  ///< Paths that both changed, each in its way.
};

/// A three-way merge of files. Texts that changed in different lines merge; of `.gitattributes`,
/// which our own commits add lines to, both sides' lines stay.
/// @param repository what is new is written here
/// @param ancestor what both come from; nothing: they have no past in common
/// @throws GitError
Merged merge_trees(git_repository* repository, const std::optional<std::string>& ancestor,
                   const std::string& ours, const std::string& theirs);

}  // namespace torchhub::server::git
