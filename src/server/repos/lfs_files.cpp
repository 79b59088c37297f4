#include "server/repos/lfs_files.h"

#include "server/git/handles.h"

#include <algorithm>
#include <map>
#include <utility>

namespace torchhub::server {
namespace {

using DiffHandle = std::unique_ptr<git_diff, git::Release<&git_diff_free>>;

std::string short_name(const std::string& ref) {
  constexpr std::string_view kBranches = "refs/heads/";
  return ref.starts_with(kBranches) ? ref.substr(kBranches.size()) : ref;
}

class Scan {
 public:
  Scan(const git::Repository& git, std::map<std::string, LfsFile>& files)
      : git_(git), files_(files) {}

  /// Looks at the commits of `ref` that no ref before it has, oldest first.
  void add(const git::Ref& ref) {
    const auto walk =
        git::made<git::WalkHandle>("walk the history", git_revwalk_new, git_.handle());
    git_revwalk_sorting(walk.get(), GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
    const git_oid tip = git::parse_oid(ref.commit);
    git::check(git_revwalk_push(walk.get(), &tip), "walk the history");
    for (const git_oid& seen : seen_) git_revwalk_hide(walk.get(), &seen);
    seen_.push_back(tip);
    git_oid oid;
    while (git_revwalk_next(&oid, walk.get()) == 0) look_at(oid, ref.name);
  }

 private:
  void look_at(const git_oid& id, const std::string& ref) {
    const git::CommitInfo info = git_.commit_info(git::to_hex(id));
    const git::TreeHandle now = git_.tree_of(info.id);
    const git::TreeHandle before =
        info.parents.empty() ? nullptr : git_.tree_of(info.parents.front());
    git_diff* raw = nullptr;
    git::check(git_diff_tree_to_tree(&raw, git_.handle(), before.get(), now.get(), nullptr),
               "compare two commits");
    const DiffHandle diff(raw);
    for (std::size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
      const git_diff_file& file = git_diff_get_delta(diff.get(), i)->new_file;
      const auto entry =
          git_oid_is_zero(&file.id) != 0 ? std::nullopt : git_.entry(info.id, file.path);
      if (!entry || !entry->lfs) continue;
      const auto found = files_.find(entry->lfs->oid);
      if (found == files_.end() || !found->second.path.empty()) continue;
      found->second.path = entry->path;
      found->second.ref = short_name(ref);
      found->second.pusher = info.author;
      found->second.pushed = info.time;
    }
  }

  const git::Repository& git_;
  std::map<std::string, LfsFile>& files_;
  std::vector<git_oid> seen_ = {};
};

}  // namespace

std::vector<LfsFile> list_lfs_files(const HubState& hub, const RepoRow& repo) {
  std::map<std::string, LfsFile> files = {};
  for (const LinkedObject& object : hub.repo_objects.linked_objects(repo.id)) {
    LfsFile& file = files[object.pointer.oid];
    file.oid = object.pointer.oid;
    file.size = object.pointer.size;
    file.pushed = object.linked;
  }
  const git::Repository git = hub.open(repo);
  std::vector<git::Ref> refs = git.refs();
  std::stable_partition(refs.begin(), refs.end(),
                        [](const git::Ref& ref) { return ref.name == "refs/heads/main"; });
  Scan scan(git, files);
  for (const git::Ref& ref : refs) scan.add(ref);
  std::vector<LfsFile> out;
  for (auto& [oid, file] : files) out.push_back(std::move(file));
  std::stable_sort(out.begin(), out.end(),
                   [](const LfsFile& a, const LfsFile& b) { return a.pushed > b.pushed; });
  return out;
}

}  // namespace torchhub::server
