#pragma once

#include "support/child_process.h"
#include "support/temp_dir.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::testing {

/// Somebody with the git program and no settings, who keeps clones of a hub's repositories.
class GitUser {
 public:
  /// @param token the password; empty: anonymous
  GitUser(std::string base_url, std::string token);

  /// The hub has another address now.
  void find_at(std::string base_url) { base_url_ = std::move(base_url); }

  /// Runs git among the clones.
  Finished git(std::vector<std::string> arguments) const;
  /// Runs git in a clone.
  Finished in(const std::string& clone, std::vector<std::string> arguments) const;
  /// Sets git-lfs up. @return false if that program is not installed
  bool install_lfs() const;
  /// Runs a line of shell in a clone. @return what it prints, without the last line end
  std::string shell(const std::string& clone, const std::string& line) const;

  std::string url(const std::string& repo) const;
  std::filesystem::path place(const std::string& clone) const { return folder_ / clone; }
  void clone(const std::string& repo, const std::string& clone,
             std::vector<std::string> more = {}) const;
  /// Commits one file. @return the commit
  std::string commit(const std::string& clone, const std::string& path,
                     const std::string& content) const;
  /// Commits a tree as `git mktree` reads it, which checks no names. @return the commit
  std::string commit_tree(const std::string& clone, const std::string& lines) const;
  /// The environment, for processes that the test starts itself.
  std::vector<std::string> environment() const;

 private:
  TempDir folder_;
  std::string base_url_;
  std::string token_;
};

}  // namespace torchhub::testing
