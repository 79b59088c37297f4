#pragma once

#include "server/git/handles.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace torchhub::server::git {

/// A tree being changed: reads only the folders that a change goes through, writes only those that
/// changed. Changes apply in the order they come.
class TreeEdit {
 public:
  /// @param base the tree to start from; null for an empty one
  TreeEdit(git_repository* repository, const git_tree* base);
  ~TreeEdit();

  enum class Result {
    done,
    missing,       ///< Nothing to remove there.
    file_in_way,   ///< A part of the path is a file.
    folder_in_way  ///< The path itself is a folder.
  };
  struct File {
    git_oid blob;
    git_filemode_t mode;
  };

  /// Adds or replaces a file; an old file's mode is kept.
  Result put(std::string_view path, const git_oid& blob);
  /// Removes a file, or a folder with all it holds, and the folders above that are left empty. The
  /// root itself stays.
  Result remove(std::string_view path);
  std::optional<File> file(std::string_view path);
  bool is_folder(std::string_view path);

  /// Writes the changed folders. @return the id of the root
  git_oid write();

 private:
  struct Node;
  Node* find(std::string_view path);
  void load(Node& node);
  git_oid write(Node& node);

  git_repository* repository_;
  std::unique_ptr<Node> root_;
};

}  // namespace torchhub::server::git
