#pragma once

#include "server/git/handles.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace torchhub::server {

/// The target of a link that lies in git as `blob`, or nothing if it is too long for one.
std::optional<std::string> read_link(git_repository* repository, const git_oid& blob);
/// What is wrong with the target of a symbolic link, wherever it lies, or nothing. It may go up
/// first and then down, so that no link on its way can lead it elsewhere.
std::optional<std::string> problem_of_link(std::string_view target);

/// What holds for all that lies in a folder, whatever path leads there.
struct TreeShape {
  std::size_t depth = 0;   ///< Parts of the deepest path in it.
  std::size_t bytes = 0;   ///< Of the longest path in it.
  std::size_t climbs = 0;  ///< How many folders above this one a link in it leads to.
  std::string link = {};   ///< The path of that link.
};

/// Shapes of folders, each found once however many paths lead to it: a few objects can stand for
/// more paths than can be walked.
class TreeShapes {
 public:
  explicit TreeShapes(git_repository* repository) : repository_(repository) {}

  /// @throws Refusal for folders deeper in each other than a path may be
  const TreeShape& of(const git_oid& tree) { return find(tree, 0); }

 private:
  struct ById {
    bool operator()(const git_oid& a, const git_oid& b) const { return git_oid_cmp(&a, &b) < 0; }
  };
  const TreeShape& find(const git_oid& tree, std::size_t level);
  TreeShape measure(const git_oid& tree, std::size_t level);

  git_repository* repository_;
  std::map<git_oid, TreeShape, ById> known_ = {};
};

}  // namespace torchhub::server
