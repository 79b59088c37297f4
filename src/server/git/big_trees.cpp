#include "server/git/big_trees.h"

#include <algorithm>
#include <utility>

namespace torchhub::server::git {
namespace {

constexpr std::size_t kBig = 5000;  ///< Entries; fewer are read in a millisecond.
constexpr std::size_t kMaxKept = 2;

}  // namespace

std::shared_ptr<const KeptTree> BigTrees::kept(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& entry) { return entry.key == key; });
  if (found == kept_.end()) return nullptr;
  std::rotate(found, found + 1, kept_.end());
  return kept_.back().tree;
}

std::shared_ptr<const KeptTree> BigTrees::find(const Repository& repository,
                                               const std::string& commit, const std::string& path) {
  const std::string key = repository.path().string() + "\n" + commit + "\n" + path;
  if (auto tree = kept(key)) return tree;
  KeptTree found;
  found.tree = repository.subtree(commit, path);
  if (!found.tree) return nullptr;
  const bool big = git_tree_entrycount(found.tree.get()) >= kBig;
  if (big) {
    found.repository = repository.reopened();
    found.tree = found.repository->subtree(commit, path);
  }
  const auto out = std::make_shared<const KeptTree>(std::move(found));
  if (!big) return out;
  const std::lock_guard lock(mutex_);
  if (kept_.size() >= kMaxKept) kept_.erase(kept_.begin());
  kept_.push_back({key, out});
  return out;
}

}  // namespace torchhub::server::git
