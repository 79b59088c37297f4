#pragma once

#include "server/git/repository.h"

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace torchhub::server::git {

/// The ids of the commits that `commit` comes from, newest first and children before parents even
/// where clocks differ. Where the page lies in a history without merges, nothing behind it is read.
std::vector<std::string> history(const Repository& repository, const std::string& commit,
                                 std::size_t skip, std::size_t limit);

/// How many commits a commit comes from, itself included. That never changes, so each is counted
/// once, and its children from there. Safe from several threads.
class CommitCounts {
 public:
  std::size_t count(const Repository& repository, const std::string& commit);

 private:
  std::size_t known(const std::string& commit) const;
  void keep(const std::string& commit, std::size_t count);

  mutable std::mutex mutex_;
  std::map<std::string, std::size_t> counts_ = {};  // guarded by mutex_
};

}  // namespace torchhub::server::git
