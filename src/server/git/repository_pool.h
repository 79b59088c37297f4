#pragma once

#include "server/git/handles.h"
#include "torchhub/server/options.h"

#include <filesystem>
#include <memory>

namespace torchhub::server::git {

class Repository;

/// Keeps repositories open from one request to the next: opening one reads half a dozen files,
/// and an open one remembers the trees that it has read. libgit2 looks at refs on disk each time
/// and looks for new packs when it misses an object, so other programs' changes show. Safe from
/// several threads.
class RepositoryPool {
 public:
  RepositoryPool(std::filesystem::path config, Durability durability);
  ~RepositoryPool();

  /// For one request, as the constructor of Repository. @throws GitError
  Repository open(const std::filesystem::path& path) const;
  /// Closes what is kept of a repository whose folder goes away.
  void forget(const std::filesystem::path& path);

 private:
  struct Shelf;
  std::filesystem::path config_;
  Durability durability_;
  std::shared_ptr<Shelf> shelf_;  ///< Repositories handed out come back to it if it is still there.
};

}  // namespace torchhub::server::git
