#include "server/discussions/merge.h"

#include "server/discussions/pull_request.h"
#include "server/git/ancestry.h"
#include "server/git/compare.h"
#include "server/git/merge.h"
#include "server/git/object_intake.h"
#include "server/http/api_error.h"
#include "server/repos/card_checks.h"
#include "server/repos/commit_plan.h"
#include "server/repos/head_cache.h"
#include "server/repos/ref_turns.h"
#include "server/repos/repo_event.h"
#include "server/repos/repo_maker.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace torchhub::server {
namespace {

constexpr int kMaxRebuilds = 5;
constexpr const char* kCard = "README.md";
constexpr std::size_t kMaxDiffBytes = std::size_t{5} << 20;

/// Where the pull request left its base. A squash of either side cuts their common past off; then
/// it is where the request was made from, if that is still here.
std::optional<std::string> fork_of(const git::Repository& git, const Discussion& request,
                                   const std::string& base, const std::string& head) {
  if (auto common = git::merge_base(git, base, head)) return common;
  return git.resolve(request.start);
}

void need_mergeable(const Discussion& request) {
  switch (request.status) {
    case DiscussionStatus::open:
      return;
    case DiscussionStatus::draft:
      throw ApiError(409,
                     fmt::format("{} is a draft. Open it before merging it.", request.called()));
    case DiscussionStatus::closed:
      throw ApiError(409,
                     fmt::format("{} is closed. Reopen it before merging it.", request.called()));
    case DiscussionStatus::merged:
      throw ApiError(409, fmt::format("{} is merged already.", request.called()));
  }
}

[[noreturn]] void refuse_conflicts(const Discussion& request,
                                   const std::vector<std::string>& paths) {
  constexpr std::size_t kShown = 20;
  std::string list;
  for (std::size_t i = 0; i < std::min(paths.size(), kShown); ++i) {
    list += (i > 0 ? ", " : "") + paths[i];
  }
  if (paths.size() > kShown) list += fmt::format(" and {} more", paths.size() - kShown);
  throw ApiError(409, fmt::format("{} cannot be merged: {} changed since, in another way: {}. "
                                  "Commit to {} what both should become.",
                                  request.called(), request.base, list, request.ref()));
}

/// One attempt at merging one head into one tip.
class Merge {
 public:
  Merge(HubState& hub, git::Repository& git, const Discussion& request, std::string tip,
        std::string head)
      : hub_(hub),
        git_(git),
        request_(request),
        tip_(std::move(tip)),
        head_(std::move(head)),
        intake_(git, hub.folder) {}

  /// @return a durable commit, or the tip if it has all of the pull request already
  std::string build(const Account& user) {
    const auto fork = fork_of(git_, request_, tip_, head_);
    const git::Merged merged = git::merge_trees(intake_.repository(), fork, tip_, head_);
    if (!merged.conflicts.empty()) refuse_conflicts(request_, merged.conflicts);
    need_good_card(merged.tree);
    const auto parent = commit_of(tip_);
    if (git_oid_equal(&merged.tree, git_commit_tree_id(parent.get())) != 0) return tip_;
    const auto tree = git::made<git::TreeHandle>("read a tree", git_tree_lookup,
                                                 intake_.repository(), &merged.tree);
    const auto signature = signature_of(hub_, user.name);
    const git_commit* parents[] = {parent.get()};
    git_oid oid;
    git::check(
        git_commit_create(&oid, intake_.repository(), nullptr, signature.get(), signature.get(),
                          nullptr, message(user, fork).c_str(), tree.get(), 1, parents),
        "write a commit");
    intake_.keep();
    return git::to_hex(oid);
  }

 private:
  /// A card may be good on both sides, and broken where their lines came together.
  void need_good_card(const git_oid& merged) const {
    const auto tree =
        git::made<git::TreeHandle>("read a tree", git_tree_lookup, intake_.repository(), &merged);
    const git_tree_entry* card = git_tree_entry_byname(tree.get(), kCard);
    if (card == nullptr || git_tree_entry_type(card) != GIT_OBJECT_BLOB) return;
    const std::string id = git::to_hex(*git_tree_entry_id(card));
    for (const std::string& side : {tip_, head_}) {
      const auto entry = git_.entry(side, kCard);
      if (entry && entry->oid == id) return;
    }
    const auto problem = problem_of_card(intake_.read_blob(*git_tree_entry_id(card)));
    if (!problem) return;
    throw ApiError(409,
                   fmt::format("{} cannot be merged: together with {} the metadata of README.md "
                               "would be broken: {}",
                               request_.called(), request_.base, *problem));
  }

  git::CommitHandle commit_of(const std::string& id) const {
    const git_oid oid = git::parse_oid(id);
    return git::made<git::CommitHandle>("find a commit", git_commit_lookup, intake_.repository(),
                                        &oid);
  }

  /// Title and number, the commits that go into one, and who made them.
  std::string message(const Account& user, const std::optional<std::string>& fork) const {
    constexpr std::size_t kListed = 100;
    std::string out = fmt::format("{} (#{})\n", request_.title, request_.num);
    std::vector<std::string> known = {tip_};
    if (fork) known.push_back(*fork);
    for (const git::CommitInfo& commit : git::commits_since(git_, head_, known, kListed)) {
      out += fmt::format("\n- {} ({})", commit.title, commit.id);
    }
    const Actor& author = request_.author;
    if (!author.name.empty() && author.name != user.name) {
      const auto signature = signature_of(hub_, author.name);
      out += fmt::format("\n\nCo-authored-by: {} <{}>", signature->name, signature->email);
    }
    return out + "\n";
  }

  HubState& hub_;
  git::Repository& git_;
  const Discussion& request_;
  std::string tip_;
  std::string head_;
  git::ObjectIntake intake_;
};

}  // namespace

bool settle_merge(HubState& hub, const git::Repository& git, const Discussion& request) {
  const auto tip = git.ref_target(request.base);
  if (tip && git::is_in_history(git, request.merging, *tip)) {
    hub.discussions.finish_merge(request, request.merging, request.merger, "");
    return true;
  }
  hub.discussions.give_up_merge(request);
  return false;
}

void merge_pull_request(HubState& hub, const RepoRow& repo, std::int64_t num, const Account& user,
                        const std::string& comment) {
  // The request's turn before the branch's, as in wait_in_order().
  const auto request_turn = hub.queue.wait(repo.id, Discussion{repo.id, num}.ref());
  auto request = hub.discussions.find(repo.id, num);
  if (!request || !request->is_pull_request) {
    throw ApiError(409, "Only a pull request can be merged.");
  }
  const auto base_turn = wait_for_turn(hub, repo, request->base);
  git::Repository git = hub.open(repo);
  if (!request->merging.empty() && settle_merge(hub, git, *request)) return;
  need_mergeable(*request);
  request = note_commits(hub, repo, *request, "");
  for (int attempt = 0; attempt < kMaxRebuilds; ++attempt) {
    const auto tip = git.ref_target(request->base);
    const auto head = git.ref_target(request->ref());
    if (!tip || !head) {
      throw ApiError(409, fmt::format("{} cannot be merged: {} is gone.", request->called(),
                                      tip ? request->ref() : request->base));
    }
    const std::string commit = Merge(hub, git, *request, *tip, *head).build(user);
    if (commit != *tip) hub.offers.settle(repo.id, git::new_pointers(git, {*tip, commit}));
    hub.discussions.start_merge(*request, commit, user.id);
    hub.faults.reach("pr.merge_noted");
    const std::string log = fmt::format("merge of pull request {} (API)", num);
    if (commit != *tip && !git.move_ref(request->base, *tip, commit, log)) continue;
    hub.faults.reach("pr.merged");
    note_change(hub, repo,
                repo_event(events::kPullRequestMerged, user, repo,
                           {{"num", num}, {"ref", request->base}, {"commit", commit}}));
    hub.discussions.finish_merge(*request, commit, user.id, comment);
    return;
  }
  hub.discussions.give_up_merge(*request);
  throw ApiError(503, "Another program keeps changing this branch. Try again.", {},
                 {{"Retry-After", "1"}});
}

PullRequestState state_of(const HubState& hub, const RepoRow& repo, const Discussion& request) {
  git::Repository git = hub.open(repo);
  const auto tip = git.ref_target(request.base);
  const auto head = git.ref_target(request.ref());
  if (!tip || !head) return {.ref_is_gone = true};
  git::ObjectIntake scratch(git, hub.folder);  // merged texts are only looked at
  return {git::merge_trees(scratch.repository(), fork_of(git, request, *tip, *head), *tip, *head)
              .conflicts};
}

std::string diff_of(const HubState& hub, const RepoRow& repo, const Discussion& request) {
  const git::Repository git = hub.open(repo);
  const auto head = git.ref_target(request.ref());
  if (!head) return "";
  const auto tip = git.ref_target(request.base);
  const auto fork = tip ? fork_of(git, request, *tip, *head) : git.resolve(request.start);
  return git::unified_diff(git, {fork, *head}, kMaxDiffBytes);
}

}  // namespace torchhub::server
