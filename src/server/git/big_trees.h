#pragma once

#include "server/git/repository.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace torchhub::server::git {

struct KeptTree {
  std::optional<Repository> repository = std::nullopt;  ///< It was read through, if it is to stay.
  TreeHandle tree = nullptr;
};

/// Keeps the last few folders of very many entries from one page of a listing to the next: git can
/// read a folder only as a whole, which for a hundred thousand entries takes longer than a page of
/// them. Safe from several threads.
class BigTrees {
 public:
  /// The folder at `path` of a commit, or null. For use no longer than `repository`.
  std::shared_ptr<const KeptTree> find(const Repository& repository, const std::string& commit,
                                       const std::string& path);

 private:
  struct Kept {
    std::string key;
    std::shared_ptr<const KeptTree> tree;
  };
  std::shared_ptr<const KeptTree> kept(const std::string& key);

  std::mutex mutex_;
  std::vector<Kept> kept_ = {};  ///< The last one used at the end; guarded by mutex_.
};

}  // namespace torchhub::server::git
