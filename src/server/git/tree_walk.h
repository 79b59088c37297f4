#pragma once

#include "server/git/repository.h"

#include <functional>
#include <optional>
#include <string>

namespace torchhub::server::git {

/// Looks the entry's blob up: its size, and the pointer that it may be.
Entry describe_entry(const std::string& path, const git_tree_entry& entry, git_odb& odb);

struct Walk {
  std::string folder = {};  ///< Empty for the root.
  bool recursive = false;
  /// Starts behind this path, which lies below `folder`; it need not be there. Entries before it
  /// are passed over without a look at them.
  std::optional<std::string> after = std::nullopt;
};

/// What is below a folder in git's order, a folder before what is in it. `visit` returns false to
/// stop. @return false if `folder` is not a folder there
bool walk_tree(const Repository& repository, const std::string& commit, const Walk& walk,
               const std::function<bool(const Entry&)>& visit);

/// The same of a folder that was read before. @param tree that of `walk.folder`; several threads
/// may walk one at the same time, each with a repository of its own
void walk_tree(const Repository& repository, const git_tree& tree, const Walk& walk,
               const std::function<bool(const Entry&)>& visit);

/// The paths of all files, without a look at their contents. `visit` returns false to stop.
void walk_names(const Repository& repository, const std::string& commit,
                const std::function<bool(const std::string&)>& visit);

}  // namespace torchhub::server::git
