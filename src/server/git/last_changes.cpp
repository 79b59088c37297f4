#include "server/git/last_changes.h"

#include <map>
#include <utility>

namespace torchhub::server::git {
namespace {

/// "a/b/c" to "a/b" and "c".
std::pair<std::string, std::string> split_last(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

bool is_same(const TreeHandle& a, const TreeHandle& b) {
  if (!a || !b) return !a && !b;
  return git_oid_equal(git_tree_id(a.get()), git_tree_id(b.get())) != 0;
}

/// Of what a folder has by that name; empty if there is nothing, or no folder.
std::string id_in(const TreeHandle& tree, const std::string& name) {
  const git_tree_entry* entry = tree ? git_tree_entry_byname(tree.get(), name.c_str()) : nullptr;
  return entry != nullptr ? to_hex(*git_tree_entry_id(entry)) : "";
}

}  // namespace

std::vector<CommitInfo> last_changes(const Repository& repository, const std::string& commit,
                                     const std::vector<std::string>& paths) {
  std::vector<CommitInfo> out(paths.size());
  // By folder, since most commits leave most folders alone.
  struct Folder {
    TreeHandle now;
    std::vector<std::size_t> places = {};
  };
  std::map<std::string, Folder> open;
  for (std::size_t i = 0; i < paths.size(); ++i)
    open[split_last(paths[i]).first].places.push_back(i);
  for (auto& [path, folder] : open) folder.now = repository.subtree(commit, path);
  for (CommitInfo info = repository.commit_info(commit);;
       info = repository.commit_info(info.parents.front())) {
    const bool first = info.parents.empty();
    for (auto& [path, folder] : open) {
      TreeHandle before = first ? nullptr : repository.subtree(info.parents.front(), path);
      if (!is_same(folder.now, before)) {
        std::erase_if(folder.places, [&, &now = folder.now](std::size_t place) {
          const std::string name = split_last(paths[place]).second;
          const bool changed = id_in(now, name) != id_in(before, name);
          if (changed) out[place] = {info.id, info.title, info.author, info.time};
          return changed;
        });
      }
      folder.now = std::move(before);
    }
    std::erase_if(open, [](const auto& entry) { return entry.second.places.empty(); });
    if (open.empty() || first) return out;
  }
}

}  // namespace torchhub::server::git
