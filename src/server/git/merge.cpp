#include "server/git/merge.h"

#include <set>
#include <string_view>

namespace torchhub::server::git {
namespace {

using IndexHandle = std::unique_ptr<git_index, Release<&git_index_free>>;
using ConflictIteratorHandle =
    std::unique_ptr<git_index_conflict_iterator, Release<&git_index_conflict_iterator_free>>;
using MergeResultHandle =
    std::unique_ptr<git_merge_file_result, Release<&git_merge_file_result_free>>;

constexpr const char* kAttributes = ".gitattributes";

TreeHandle tree_of(git_repository* repository, const std::string& commit) {
  const git_oid oid = parse_oid(commit);
  const auto found = made<CommitHandle>("find a commit", git_commit_lookup, repository, &oid);
  return made<TreeHandle>("read a tree", git_commit_tree, found.get());
}

/// Both sides' lines, where both still have the file.
void unite_attributes(git_repository* repository, git_index& index) {
  const git_index_entry* ancestor = nullptr;
  const git_index_entry* ours = nullptr;
  const git_index_entry* theirs = nullptr;
  if (git_index_conflict_get(&ancestor, &ours, &theirs, &index, kAttributes) != 0) return;
  if (ours == nullptr || theirs == nullptr) return;
  git_merge_file_options options = GIT_MERGE_FILE_OPTIONS_INIT;
  options.favor = GIT_MERGE_FILE_FAVOR_UNION;
  git_merge_file_result result{};
  check(git_merge_file_from_index(&result, repository, ancestor, ours, theirs, &options),
        "merge .gitattributes");
  const MergeResultHandle held(&result);
  git_index_entry entry{};
  entry.mode = ours->mode;
  entry.path = kAttributes;
  check(git_blob_create_from_buffer(&entry.id, repository, result.ptr, result.len),
        "write .gitattributes");
  check(git_index_conflict_remove(&index, kAttributes), "merge .gitattributes");
  check(git_index_add(&index, &entry), "merge .gitattributes");
}

std::vector<std::string> conflicts_in(git_index& index) {
  std::set<std::string> paths;
  const auto iterator =
      made<ConflictIteratorHandle>("list conflicts", git_index_conflict_iterator_new, &index);
  const git_index_entry* ancestor = nullptr;
  const git_index_entry* ours = nullptr;
  const git_index_entry* theirs = nullptr;
  while (git_index_conflict_next(&ancestor, &ours, &theirs, iterator.get()) == 0) {
    for (const git_index_entry* entry : {ancestor, ours, theirs}) {
      if (entry != nullptr) paths.insert(entry->path);
    }
  }
  return {paths.begin(), paths.end()};
}

}  // namespace

Merged merge_trees(git_repository* repository, const std::optional<std::string>& ancestor,
                   const std::string& ours, const std::string& theirs) {
  const TreeHandle base = ancestor ? tree_of(repository, *ancestor) : nullptr;
  const TreeHandle our_tree = tree_of(repository, ours);
  const TreeHandle their_tree = tree_of(repository, theirs);
  git_merge_options options = GIT_MERGE_OPTIONS_INIT;
  options.flags = 0;  // no search for renames: it compares every new file with every deleted one
  const auto index = made<IndexHandle>("merge", git_merge_trees, repository, base.get(),
                                       our_tree.get(), their_tree.get(), &options);
  unite_attributes(repository, *index);
  if (git_index_has_conflicts(index.get()) != 0) return {.conflicts = conflicts_in(*index)};
  Merged merged;
  check(git_index_write_tree_to(&merged.tree, index.get(), repository), "write a tree");
  return merged;
}

}  // namespace torchhub::server::git
