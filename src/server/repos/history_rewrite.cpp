#include "server/repos/history_rewrite.h"

#include "server/git/object_intake.h"
#include "server/http/api_error.h"
#include "server/repos/commit_plan.h"
#include "server/repos/head_cache.h"
#include "server/repos/move_note.h"
#include "server/repos/ref_turns.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace torchhub::server {
namespace {

using TagHandle = std::unique_ptr<git_tag, git::Release<&git_tag_free>>;

struct LessOid {
  bool operator()(const git_oid& a, const git_oid& b) const { return git_oid_cmp(&a, &b) < 0; }
};
template <typename Value>
using ByOid = std::map<git_oid, Value, LessOid>;

bool same(const git_oid& a, const git_oid& b) { return git_oid_equal(&a, &b) != 0; }

/// What becomes of objects; each is looked at once.
class Rewriter {
 public:
  Rewriter(const git::ObjectIntake& intake, const std::set<std::string>& oids)
      : repository_(intake.repository()), intake_(intake), doomed_oids_(oids) {}

  /// Parents must have been asked for before their children.
  void add_commit(const git_oid& id) {
    const auto commit =
        git::made<git::CommitHandle>("find a commit", git_commit_lookup, repository_, &id);
    const git_oid old_tree = *git_commit_tree_id(commit.get());
    const auto kept = tree_of(old_tree);
    const git_oid tree = kept ? *kept : empty_tree();
    std::vector<git::CommitHandle> parents;
    bool changed = !same(tree, old_tree);
    for (unsigned i = 0; i < git_commit_parentcount(commit.get()); ++i) {
      const git_oid& old = *git_commit_parent_id(commit.get(), i);
      const git_oid parent = commit_for(old);
      changed = changed || !same(parent, old);
      parents.push_back(
          git::made<git::CommitHandle>("find a commit", git_commit_lookup, repository_, &parent));
    }
    commits_[id] = changed ? write_commit(*commit, tree, parents) : id;
  }

  git_oid commit_for(const git_oid& id) const { return commits_.at(id); }

  /// A ref's target: a commit, or a tag of one. Of anything else, itself.
  git_oid target_for(const git_oid& id) {
    if (const auto found = commits_.find(id); found != commits_.end()) return found->second;
    git_tag* raw = nullptr;
    if (git_tag_lookup(&raw, repository_, &id) != 0) return id;
    const TagHandle tag(raw);
    const git_oid target = target_for(*git_tag_target_id(tag.get()));
    if (same(target, *git_tag_target_id(tag.get()))) return id;
    return write_tag(*tag, target);
  }

 private:
  bool is_doomed(const git_oid& blob) {
    const auto found = blobs_.find(blob);
    if (found != blobs_.end()) return found->second;
    const auto objects =
        git::made<git::OdbHandle>("open the objects", git_repository_odb, repository_);
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    git::check(git_odb_read_header(&size, &type, objects.get(), &blob), "read an object's size");
    const auto pointer =
        size < LfsPointer::kMaxBytes ? LfsPointer::parse(intake_.read_blob(blob)) : std::nullopt;
    return blobs_[blob] = pointer && doomed_oids_.contains(pointer->oid);
  }

  /// Nothing if all that was in it goes.
  std::optional<git_oid> tree_of(const git_oid& id) {
    if (const auto found = trees_.find(id); found != trees_.end()) return found->second;
    const auto tree = git::made<git::TreeHandle>("read a tree", git_tree_lookup, repository_, &id);
    const auto builder = git::made<git::TreeBuilderHandle>("write a tree", git_treebuilder_new,
                                                           repository_, tree.get());
    bool changed = false;
    for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
      changed = keep_entry(*git_tree_entry_byindex(tree.get(), i), *builder) || changed;
    }
    std::optional<git_oid> out = id;
    if (changed && git_treebuilder_entrycount(builder.get()) == 0) {
      out = std::nullopt;
    } else if (changed) {
      git_oid written;
      git::check(git_treebuilder_write(&written, builder.get()), "write a tree");
      out = written;
    }
    trees_[id] = out;
    return out;
  }

  /// @return whether the entry changes
  bool keep_entry(const git_tree_entry& entry, git_treebuilder& builder) {
    const git_oid& id = *git_tree_entry_id(&entry);
    const char* name = git_tree_entry_name(&entry);
    std::optional<git_oid> kept = id;
    if (git_tree_entry_type(&entry) == GIT_OBJECT_TREE) kept = tree_of(id);
    if (git_tree_entry_type(&entry) == GIT_OBJECT_BLOB && is_doomed(id)) kept = std::nullopt;
    if (kept && same(*kept, id)) return false;
    if (kept) {
      git::check(git_treebuilder_insert(nullptr, &builder, name, &*kept, GIT_FILEMODE_TREE),
                 "write a tree");
    } else {
      git::check(git_treebuilder_remove(&builder, name), "write a tree");
    }
    return true;
  }

  git_oid empty_tree() const {
    const auto builder = git::made<git::TreeBuilderHandle>(
        "write a tree", git_treebuilder_new, repository_, static_cast<const git_tree*>(nullptr));
    git_oid id;
    git::check(git_treebuilder_write(&id, builder.get()), "write a tree");
    return id;
  }

  git_oid write_commit(const git_commit& commit, const git_oid& tree_id,
                       const std::vector<git::CommitHandle>& parents) const {
    const auto tree =
        git::made<git::TreeHandle>("read a tree", git_tree_lookup, repository_, &tree_id);
    std::vector<const git_commit*> raw;
    for (const git::CommitHandle& parent : parents) raw.push_back(parent.get());
    git_oid id;
    git::check(
        git_commit_create(&id, repository_, nullptr, git_commit_author(&commit),
                          git_commit_committer(&commit), git_commit_message_encoding(&commit),
                          git_commit_message_raw(&commit), tree.get(), raw.size(), raw.data()),
        "write a commit");
    return id;
  }

  git_oid write_tag(const git_tag& tag, const git_oid& target) const {
    const auto object = git::made<git::ObjectHandle>("find an object", git_object_lookup,
                                                     repository_, &target, GIT_OBJECT_ANY);
    const char* message = git_tag_message(&tag);
    git_oid id;
    git::check(git_tag_annotation_create(&id, repository_, git_tag_name(&tag), object.get(),
                                         git_tag_tagger(&tag), message != nullptr ? message : ""),
               "create a tag");
    return id;
  }

  git_repository* repository_;
  const git::ObjectIntake& intake_;
  const std::set<std::string>& doomed_oids_;
  ByOid<bool> blobs_ = {};
  ByOid<std::optional<git_oid>> trees_ = {};
  ByOid<git_oid> commits_ = {};
};

void rewrite_commits(const git::Repository& git, Rewriter& rewriter) {
  const auto walk = git::made<git::WalkHandle>("walk the history", git_revwalk_new, git.handle());
  git_revwalk_sorting(walk.get(), GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
  for (const git::Ref& ref : git.refs()) {
    const git_oid tip = git::parse_oid(ref.commit);
    git::check(git_revwalk_push(walk.get(), &tip), "walk the history");
  }
  git_oid id;
  while (git_revwalk_next(&id, walk.get()) == 0) rewriter.add_commit(id);
}

void need_moved(git::Repository& git, const RefCommand& move) {
  if (git.move_ref(move.ref, move.old_id, move.new_id, "history rewritten")) return;
  throw ApiError(503, "Another program keeps changing this repository. Try again.", {},
                 {{"Retry-After", "1"}});
}

/// All of them or none.
void move_all(HubState& hub, const RepoRow& repo, git::Repository& git,
              const std::vector<RefCommand>& moves) {
  MoveNote note(hub.database, repo.id, moves);
  std::size_t moved = 0;
  try {
    for (; moved < moves.size(); ++moved) {
      need_moved(git, moves[moved]);
      hub.faults.reach("rewrite.ref_moved");
    }
  } catch (const std::exception&) {
    note.withdraw();
    while (moved-- > 0) {
      const RefCommand& move = moves[moved];
      git.move_ref(move.ref, move.new_id, move.old_id, "rewrite of the history taken back");
    }
    throw;
  }
}

}  // namespace

void remove_from_history(HubState& hub, const RepoRow& repo, const std::set<std::string>& oids) {
  git::Repository git = hub.open(repo);
  std::set<std::string> names;
  for (const auto& [ref, id] : git.ref_ids()) names.insert(ref);
  const auto turns = wait_for_turns_of_all(hub, repo, names);
  const git::RefIds refs = git.ref_ids();  // with the ids of tag objects, not of their commits
  git::ObjectIntake intake(git, hub.folder);
  Rewriter rewriter(intake, oids);
  rewrite_commits(git, rewriter);
  std::vector<RefCommand> moves;
  for (const auto& [ref, id] : refs) {
    const std::string target = git::to_hex(rewriter.target_for(git::parse_oid(id)));
    if (target != id) moves.push_back({id, target, ref});
  }
  if (moves.empty()) return;
  intake.keep();
  move_all(hub, repo, git, moves);
  note_change(hub, repo);
}

}  // namespace torchhub::server
