#include "server/repos/commit_plan.h"

#include "server/git/attributes.h"
#include "server/git/ref_move.h"
#include "server/http/api_error.h"
#include "server/repos/commit_checks.h"
#include "server/repos/head_cache.h"
#include "server/repos/ref_turns.h"
#include "server/repos/repo_event.h"
#include "server/repos/repo_maker.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>

#include <utility>

namespace torchhub::server {
namespace {

constexpr int kMaxPlanRebuilds = 5;
constexpr const char* kAttributes = ".gitattributes";

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>  // C++20 needs no guide; clang before 17 does
Overloaded(Ts...)->Overloaded<Ts...>;

/// One attempt at building the commit on one tip.
class CommitBuilder {
 public:
  CommitBuilder(const HubState& hub, const RepoRow& repo, git::Repository& git,
                git::ObjectIntake& intake, std::string tip, const CommitPlan& plan)
      : hub_(hub),
        repo_(repo),
        git_(git),
        intake_(intake),
        tip_(std::move(tip)),
        plan_(plan),
        base_(tree_of(tip_)),
        tree_(intake.repository(), base_.get()) {}

  /// @return the new commit, or nothing if the plan changes nothing
  std::optional<std::string> build(const std::string& user) {
    for (const Change& change : plan_.changes) apply(change);
    git_oid root = tree_.write();
    if (add_missing_rules(root)) root = tree_.write();
    if (git_oid_equal(&root, git_tree_id(base_.get())) != 0) return std::nullopt;
    return git::to_hex(write_commit(root, message_of(plan_.header), user));
  }

 private:
  git::TreeHandle tree_of(const std::string& commit) const {
    const git_oid oid = git::parse_oid(commit);
    const auto found = git::made<git::CommitHandle>("find a commit", git_commit_lookup,
                                                    intake_.repository(), &oid);
    return git::made<git::TreeHandle>("read a tree", git_commit_tree, found.get());
  }

  void apply(const Change& change) {
    std::visit(Overloaded{
                   [&](const PutChange& c) { put(c); },
                   [&](const DeleteChange& c) { need_done(tree_.remove(c.path), c.path); },
                   [&](const CopyChange& c) { copy(c); },
               },
               change);
  }

  /// What a line was checked for when it came may be collected by now.
  void need_object(const std::string& path, const LfsPointer& pointer) const {
    const bool ours = hub_.repo_objects.is_linked(repo_.id, pointer.oid) ||
                      hub_.offers.has(repo_.id, plan_.offered_by, pointer.oid);
    if (!ours || hub_.objects.size(pointer.oid) != pointer.size) refuse_pointer(path, pointer);
  }

  void put(const PutChange& change) {
    if (change.lfs) need_object(change.path, *change.lfs);
    need_done(tree_.put(change.path, change.blob), change.path);
  }

  void copy(const CopyChange& change) {
    const auto source = change.source_revision ? git_.resolve(*change.source_revision)
                                               : std::optional<std::string>(tip_);
    const auto entry = source ? git_.entry(*source, change.source_path) : std::nullopt;
    if (!entry || entry->is_folder) need_done(git::TreeEdit::Result::missing, change.source_path);
    if (entry->lfs) need_object(change.source_path, *entry->lfs);
    need_done(tree_.put(change.path, git::parse_oid(entry->oid)), change.path);
  }

  /// LFS files that no rule covers get one, else a git client would store the next version in git.
  bool add_missing_rules(const git_oid& root) {
    std::vector<std::string> paths;
    for (const Change& change : plan_.changes) {
      const auto* put = std::get_if<PutChange>(&change);
      if (put != nullptr && put->lfs && tree_.file(put->path)) paths.push_back(put->path);
    }
    if (paths.empty()) return false;
    // libgit2 reads rules from a commit; this one is only for asking.
    const git_oid probe = write_commit(root, "probe", "torchhub");
    std::erase_if(paths, [&](const std::string& path) {
      return git::is_lfs_path(intake_.repository(), probe, path);
    });
    intake_.discard(probe);
    if (paths.empty()) return false;
    intake_.discard(root);
    append_rules(paths);
    return true;
  }

  void append_rules(const std::vector<std::string>& paths) {
    std::string text;
    if (const auto file = tree_.file(kAttributes)) text = intake_.read_blob(file->blob);
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    for (const std::string& path : paths) text += git::lfs_rule_for(path) + "\n";
    need_done(tree_.put(kAttributes, intake_.write_blob(text)), kAttributes);
  }

  static std::string message_of(const CommitHeaderLine& header) {
    return header.description.empty() ? header.summary
                                      : header.summary + "\n\n" + header.description;
  }

  git_oid write_commit(const git_oid& root, const std::string& message, const std::string& user) {
    const auto tree =
        git::made<git::TreeHandle>("read a tree", git_tree_lookup, intake_.repository(), &root);
    const git_oid tip = git::parse_oid(tip_);
    const auto parent = git::made<git::CommitHandle>("find a commit", git_commit_lookup,
                                                     intake_.repository(), &tip);
    const git_commit* parents[] = {parent.get()};
    const auto author = signature_of(hub_, user);
    git_oid oid;
    git::check(git_commit_create(&oid, intake_.repository(), nullptr, author.get(), author.get(),
                                 nullptr, message.c_str(), tree.get(), 1, parents),
               "write a commit");
    return oid;
  }

  const HubState& hub_;
  const RepoRow& repo_;
  git::Repository& git_;
  git::ObjectIntake& intake_;
  std::string tip_;
  const CommitPlan& plan_;
  git::TreeHandle base_;
  git::TreeEdit tree_;
};

std::vector<LfsPointer> pointers_in(const CommitPlan& plan) {
  std::vector<LfsPointer> out;
  for (const Change& change : plan.changes) {
    const auto* put = std::get_if<PutChange>(&change);
    if (put != nullptr && put->lfs) out.push_back(*put->lfs);
  }
  return out;
}

}  // namespace

void need_done(git::TreeEdit::Result result, const std::string& path) {
  switch (result) {
    case git::TreeEdit::Result::done:
      return;
    case git::TreeEdit::Result::missing:
      throw ApiError(404, fmt::format("A file with this name doesn't exist: {}", path),
                     error_codes::kEntryNotFound);
    case git::TreeEdit::Result::file_in_way:
      throw ApiError(400, fmt::format("'{}' cannot be added: a part of the path is a file. Delete "
                                      "that file in the same commit, before it.",
                                      path));
    case git::TreeEdit::Result::folder_in_way:
      throw ApiError(400,
                     fmt::format("'{}' cannot be added: there is a folder of that name. Delete "
                                 "the folder in the same commit, before it.",
                                 path));
  }
}

std::optional<std::string> build_commit(HubState& hub, const RepoRow& repo, git::Repository& git,
                                        const std::string& tip, const CommitPlan& plan,
                                        const std::string& user, git::ObjectIntake& intake) {
  auto commit = CommitBuilder(hub, repo, git, intake, tip, plan).build(user);
  if (commit) hub.faults.reach("commit.objects_written");
  return commit;
}

void accept_offers(HubState& hub, const RepoRow& repo, const CommitPlan& plan) {
  if (!plan.offered.empty()) hub.offers.accept(repo.id, plan.offered_by, plan.offered);
}

std::string apply_commit(HubState& hub, const RepoRow& repo, const std::string& ref,
                         const CommitPlan& plan, const Account& user, git::ObjectIntake& intake) {
  const auto turn = wait_for_turn(hub, repo, ref);
  const auto guard = ObjectGuard::shared(hub.folder.root());  // from the look to the moved ref
  git::Repository git = hub.open(repo);
  for (int attempt = 0; attempt < kMaxPlanRebuilds; ++attempt) {
    const auto tip = git.ref_target(ref);
    if (!tip) throw ApiError(404, "Invalid rev id: " + ref, error_codes::kRevisionNotFound);
    if (plan.header.parent_commit.value_or(*tip) != *tip) {
      throw ApiError(412,
                     "The branch was updated since you opened this page. Please refresh and "
                     "try again.");
    }
    const auto commit = build_commit(hub, repo, git, *tip, plan, user.name, intake);
    if (!commit) return *tip;
    const std::string log = "commit (API): " + plan.header.summary;
    auto move = git::RefMove::prepare(git, ref, *tip, *commit, log.substr(0, log.find('\n')));
    if (!move) continue;
    intake.keep({move->file()});
    hub.faults.reach("commit.objects_durable");
    accept_offers(hub, repo, plan);
    if (ref.starts_with("refs/heads/")) hub.offers.settle(repo.id, pointers_in(plan));
    move->commit();
    hub.faults.reach("commit.ref_moved");
    note_change(hub, repo, ref_event(events::kCommit, user, repo, ref, *commit));
    hub.metrics.note_commit();
    return *commit;
  }
  throw ApiError(503, "Another program keeps changing this branch. Try again.", {},
                 {{"Retry-After", "1"}});
}

}  // namespace torchhub::server
