#include "server/git/reachable.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

namespace torchhub::server::git {
namespace {

using ReflogHandle = std::unique_ptr<git_reflog, Release<&git_reflog_free>>;

struct OidHash {
  std::size_t operator()(const git_oid& oid) const {
    std::size_t out = 0;
    std::memcpy(&out, oid.id, sizeof(out));  // it is a hash already
    return out;
  }
};
struct OidEqual {
  bool operator()(const git_oid& a, const git_oid& b) const { return git_oid_equal(&a, &b) != 0; }
};

std::string last_words() {
  const git_error* last = git_error_last();
  return last != nullptr && last->message != nullptr ? last->message : "no reason";
}

class ReachableWalk {
 public:
  ReachableWalk(const Repository& repository, Depth depth)
      : repository_(repository),
        handle_(repository.handle()),
        depth_(depth),
        odb_(made<OdbHandle>("open the objects", git_repository_odb, repository.handle())) {}

  Reachable run() {
    const RefIds refs = repository_.ref_ids();
    // The tips first, so that what they share with their history counts as theirs.
    at_a_tip_ = true;
    for (const auto& [name, id] : refs) visit_tip(parse_oid(id), name);
    at_a_tip_ = false;
    for (const auto& [name, id] : refs) visit_history(parse_oid(id), name);
    visit_reflog("HEAD");
    for (const auto& [name, id] : refs) visit_reflog(name);
    return std::move(out_);
  }

  Reachable run_beyond_refs(const std::string& commit) {
    const auto walk = made<WalkHandle>("walk the history", git_revwalk_new, handle_);
    const git_oid start = parse_oid(commit);
    check(git_revwalk_push(walk.get(), &start), "walk the history");
    for (const Ref& ref : repository_.refs()) {
      const git_oid known = parse_oid(ref.commit);
      check(git_revwalk_hide(walk.get(), &known), "walk the history");
    }
    git_oid oid;
    int code = 0;
    while ((code = git_revwalk_next(&oid, walk.get())) == 0) {
      const std::string id = to_hex(oid);
      visit_tree(*git_commit_tree_id(repository_.find_commit(id).get()), "", "commit " + id);
    }
    if (code != GIT_ITEROVER) check(code, "walk the history");
    return std::move(out_);
  }

 private:
  void note(const git_oid& oid, std::string_view what, std::string_view named_by) {
    if (!noted_.insert(oid).second) return;
    out_.problems.push_back(fmt::format("The {} {} that {} names cannot be read: {}", what,
                                        to_hex(oid), named_by, last_words()));
  }

  /// A tag's or ref's target down to its commit, the objects on the way read.
  std::optional<git_oid> commit_at(git_oid oid, const std::string& named_by) {
    for (;;) {
      git_object* raw = nullptr;
      if (git_object_lookup(&raw, handle_, &oid, GIT_OBJECT_ANY) != 0) {
        note(oid, "object", named_by);
        return std::nullopt;
      }
      const ObjectHandle object(raw);
      if (git_object_type(raw) == GIT_OBJECT_COMMIT) return oid;
      if (git_object_type(raw) == GIT_OBJECT_TREE) visit_tree(oid, "", named_by);
      if (git_object_type(raw) == GIT_OBJECT_BLOB) visit_blob(oid, "", named_by);
      if (git_object_type(raw) != GIT_OBJECT_TAG) return std::nullopt;
      if (visited_.insert(oid).second) ++out_.objects;
      oid = *git_tag_target_id(reinterpret_cast<git_tag*>(raw));
    }
  }

  void visit_tip(const git_oid& target, const std::string& name) {
    const auto oid = commit_at(target, name);
    if (!oid) return;
    git_commit* raw = nullptr;
    if (git_commit_lookup(&raw, handle_, &*oid) != 0) return;  // visit_history() says so
    const CommitHandle commit(raw);
    visit_tree(*git_commit_tree_id(raw), "", "commit " + to_hex(*oid));
  }

  void visit_history(const git_oid& target, const std::string& name) {
    const auto first = commit_at(target, name);
    if (!first) return;
    std::vector<std::pair<git_oid, std::string>> open = {{*first, name}};
    while (!open.empty()) {
      const auto [oid, named_by] = std::move(open.back());
      open.pop_back();
      if (!visited_.insert(oid).second) continue;
      ++out_.objects;
      git_commit* raw = nullptr;
      if (git_commit_lookup(&raw, handle_, &oid) != 0) {
        note(oid, "commit", named_by);
        continue;
      }
      const CommitHandle commit(raw);
      const std::string here = "commit " + to_hex(oid);
      visit_tree(*git_commit_tree_id(raw), "", here);
      for (unsigned i = 0; i < git_commit_parentcount(raw); ++i) {
        open.emplace_back(*git_commit_parent_id(raw, i), here);
      }
    }
  }

  void visit_tree(const git_oid& oid, const std::string& prefix, const std::string& named_by) {
    if (!visited_.insert(oid).second) return;
    ++out_.objects;
    git_tree* raw = nullptr;
    if (git_tree_lookup(&raw, handle_, &oid) != 0) return note(oid, "tree", named_by);
    const TreeHandle tree(raw);
    for (std::size_t i = 0; i < git_tree_entrycount(raw); ++i) {
      const git_tree_entry* entry = git_tree_entry_byindex(raw, i);
      const std::string path = prefix + git_tree_entry_name(entry);
      const git_oid& below = *git_tree_entry_id(entry);
      // A commit is a submodule's; it lies elsewhere.
      if (git_tree_entry_type(entry) == GIT_OBJECT_TREE) visit_tree(below, path + "/", named_by);
      if (git_tree_entry_type(entry) == GIT_OBJECT_BLOB) visit_blob(below, path, named_by);
    }
  }

  void visit_blob(const git_oid& oid, const std::string& path, const std::string& named_by) {
    if (!visited_.insert(oid).second) return;
    ++out_.objects;
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    const std::string named = path.empty() ? named_by : fmt::format("'{}' in {}", path, named_by);
    if (git_odb_read_header(&size, &type, odb_.get(), &oid) != 0) return note(oid, "file", named);
    if (depth_ == Depth::pointers && size >= LfsPointer::kMaxBytes) return;
    git_odb_object* raw = nullptr;
    // Reading compares the hash, too.
    if (git_odb_read(&raw, odb_.get(), &oid) != 0) return note(oid, "file", named);
    const OdbObjectHandle object(raw);
    if (size >= LfsPointer::kMaxBytes) return;
    const auto pointer =
        LfsPointer::parse({static_cast<const char*>(git_odb_object_data(raw)), size});
    if (!pointer) return;
    PointerUse& use = out_.pointers[pointer->oid];
    if (use.path.empty()) use = {*pointer, path, at_a_tip_};
  }

  /// What a ref was before somebody moved it back is kept as well.
  void visit_reflog(const std::string& name) {
    git_reflog* raw = nullptr;
    if (git_reflog_read(&raw, handle_, name.c_str()) != 0) return;  // there need not be one
    const ReflogHandle log(raw);
    for (std::size_t i = 0; i < git_reflog_entrycount(raw); ++i) {
      const git_reflog_entry* entry = git_reflog_entry_byindex(raw, i);
      for (const git_oid* oid : {git_reflog_entry_id_old(entry), git_reflog_entry_id_new(entry)}) {
        if (git_oid_is_zero(oid) == 0 && !visited_.contains(*oid)) {
          visit_history(*oid, "the log of " + name);
        }
      }
    }
  }

  const Repository& repository_;
  git_repository* handle_;
  Depth depth_;
  OdbHandle odb_;
  bool at_a_tip_ = false;
  std::unordered_set<git_oid, OidHash, OidEqual> visited_ = {};
  std::unordered_set<git_oid, OidHash, OidEqual> noted_ = {};
  Reachable out_ = {};
};

}  // namespace

Reachable walk_reachable(const Repository& repository, Depth depth) {
  return ReachableWalk(repository, depth).run();
}

bool is_reachable(const Repository& repository, const std::string& commit) {
  if (repository.resolve("HEAD") == commit) return true;  // the usual case: no list of all refs
  std::vector<git_oid> tips;
  for (const Ref& ref : repository.refs()) {
    if (ref.commit == commit) return true;
    tips.push_back(parse_oid(ref.commit));
  }
  const git_oid id = parse_oid(commit);
  return git_graph_reachable_from_any(repository.handle(), &id, tips.data(), tips.size()) == 1;
}

Reachable walk_beyond_refs(const Repository& repository, const std::string& commit) {
  return ReachableWalk(repository, Depth::pointers).run_beyond_refs(commit);
}

}  // namespace torchhub::server::git
