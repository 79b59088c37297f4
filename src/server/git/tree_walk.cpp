#include "server/git/tree_walk.h"

#include <string_view>
#include <utility>

namespace torchhub::server::git {
namespace {

/// A pointer's text is longer than its fixed words.
constexpr std::size_t kMinPointerBytes = 120;

bool is_folder(const git_tree_entry& entry) {
  return git_tree_entry_type(&entry) == GIT_OBJECT_TREE;
}

/// git sorts folders as if their names ended in a slash.
std::string sort_key(std::string_view name, bool folder) {
  return folder ? std::string(name) + "/" : std::string(name);
}

class Walker {
 public:
  Walker(const Repository& repository, bool recursive,
         const std::function<bool(const Entry&)>& visit)
      : repository_(repository),
        objects_(made<OdbHandle>("open the objects", git_repository_odb, repository.handle())),
        recursive_(recursive),
        visit_(visit) {}

  /// @param after relative to `tree`; nothing: from its start @return false if the visitor stopped
  bool walk(const git_tree& tree, const std::string& prefix,
            std::optional<std::string_view> after) {
    const std::size_t count = git_tree_entrycount(&tree);
    for (std::size_t i = after ? first_from(tree, *after) : 0; i < count; ++i) {
      const git_tree_entry& raw = *git_tree_entry_byindex(&tree, i);
      const std::string path = prefix + git_tree_entry_name(&raw);
      const auto below = after ? rest_below(raw, *after) : std::nullopt;
      if (!is_at(raw, after)) {
        if (!visit_(describe_entry(path, raw, *objects_))) return false;
      }
      if (!recursive_ || !is_folder(raw)) continue;
      if (!walk(*tree_of(raw), path + "/", below)) return false;
    }
    return true;
  }

 private:
  TreeHandle tree_of(const git_tree_entry& entry) const {
    return made<TreeHandle>("read a tree", git_tree_lookup, repository_.handle(),
                            git_tree_entry_id(&entry));
  }

  static std::string_view first_part(std::string_view path) {
    return path.substr(0, path.find('/'));
  }

  /// The first entry at which, or behind which, something is left to visit.
  static std::size_t first_from(const git_tree& tree, std::string_view after) {
    const std::string_view name = first_part(after);
    const std::string key = sort_key(name, name.size() < after.size());
    std::size_t low = 0;
    std::size_t high = git_tree_entrycount(&tree);
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      const git_tree_entry& entry = *git_tree_entry_byindex(&tree, middle);
      if (sort_key(git_tree_entry_name(&entry), is_folder(entry)) < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /// Was the entry visited before: is it `after` itself, or a folder on the way there?
  static bool is_at(const git_tree_entry& entry, std::optional<std::string_view> after) {
    return after && first_part(*after) == git_tree_entry_name(&entry) &&
           (is_folder(entry) || first_part(*after).size() == after->size());
  }

  /// What of `after` lies below the entry, if it goes through it.
  static std::optional<std::string_view> rest_below(const git_tree_entry& entry,
                                                    std::string_view after) {
    const std::string_view name = first_part(after);
    if (name.size() == after.size() || name != git_tree_entry_name(&entry)) return std::nullopt;
    return after.substr(name.size() + 1);
  }

  const Repository& repository_;
  OdbHandle objects_;
  bool recursive_;
  const std::function<bool(const Entry&)>& visit_;
};

bool walk_names_of(git_repository* repository, const git_tree& tree, const std::string& prefix,
                   const std::function<bool(const std::string&)>& visit) {
  for (std::size_t i = 0; i < git_tree_entrycount(&tree); ++i) {
    const git_tree_entry& entry = *git_tree_entry_byindex(&tree, i);
    const std::string path = prefix + git_tree_entry_name(&entry);
    if (!is_folder(entry)) {
      if (!visit(path)) return false;
      continue;
    }
    const auto below =
        made<TreeHandle>("read a tree", git_tree_lookup, repository, git_tree_entry_id(&entry));
    if (!walk_names_of(repository, *below, path + "/", visit)) return false;
  }
  return true;
}

}  // namespace

Entry describe_entry(const std::string& path, const git_tree_entry& raw, git_odb& odb) {
  const git_oid& oid = *git_tree_entry_id(&raw);
  Entry entry{path, is_folder(raw), to_hex(oid)};
  if (git_tree_entry_type(&raw) != GIT_OBJECT_BLOB) return entry;
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  check(git_odb_read_header(&size, &type, &odb, &oid), "read an object's size");
  entry.size = entry.blob_size = size;
  if (size >= LfsPointer::kMaxBytes || size < kMinPointerBytes) return entry;
  const auto object = made<OdbObjectHandle>("read an object", git_odb_read, &odb, &oid);
  entry.lfs = LfsPointer::parse({static_cast<const char*>(git_odb_object_data(object.get())),
                                 git_odb_object_size(object.get())});
  if (entry.lfs) entry.size = entry.lfs->size;
  return entry;
}

bool walk_tree(const Repository& repository, const std::string& commit, const Walk& walk,
               const std::function<bool(const Entry&)>& visit) {
  const TreeHandle tree = repository.subtree(commit, walk.folder);
  if (tree) walk_tree(repository, *tree, walk, visit);
  return tree != nullptr;
}

void walk_tree(const Repository& repository, const git_tree& tree, const Walk& walk,
               const std::function<bool(const Entry&)>& visit) {
  const std::string prefix = walk.folder.empty() ? "" : walk.folder + "/";
  std::optional<std::string_view> after;
  if (walk.after && walk.after->starts_with(prefix)) {
    after = std::string_view(*walk.after).substr(prefix.size());
  }
  Walker(repository, walk.recursive, visit).walk(tree, prefix, after);
}

void walk_names(const Repository& repository, const std::string& commit,
                const std::function<bool(const std::string&)>& visit) {
  const TreeHandle tree = repository.subtree(commit, "");
  walk_names_of(repository.handle(), *tree, "", visit);
}

}  // namespace torchhub::server::git
