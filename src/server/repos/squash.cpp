#include "server/repos/squash.h"

#include "server/git/object_intake.h"
#include "server/git/tree_edit.h"
#include "server/http/api_error.h"
#include "server/repos/commit_plan.h"
#include "server/repos/head_cache.h"
#include "server/repos/ref_turns.h"
#include "server/repos/repo_event.h"
#include "server/repos/repo_maker.h"
#include "torchhub/wire/error_codes.h"

namespace torchhub::server {
namespace {

/// A commit of these files, and no parent.
std::string write_root(const HubState& hub, git::ObjectIntake& intake, const git_oid& tree_id,
                       const std::string& message, const std::string& user) {
  const auto tree =
      git::made<git::TreeHandle>("read a tree", git_tree_lookup, intake.repository(), &tree_id);
  const auto author = signature_of(hub, user);
  git_oid root;
  git::check(git_commit_create(&root, intake.repository(), nullptr, author.get(), author.get(),
                               nullptr, message.c_str(), tree.get(), 0, nullptr),
             "write a commit");
  intake.keep();
  return git::to_hex(root);
}

}  // namespace

std::string write_empty_commit(const HubState& hub, git::Repository& git, const std::string& user) {
  git::ObjectIntake intake(git, hub.folder);
  const git_oid tree = git::TreeEdit(intake.repository(), nullptr).write();
  return write_root(hub, intake, tree, "initial commit", user);
}

std::string squash_branch(HubState& hub, const RepoRow& repo, const std::string& ref,
                          const std::string& message, const Account& user) {
  const auto turn = wait_for_turn(hub, repo, ref);
  git::Repository git = hub.open(repo);
  const auto tip = git.ref_target(ref);
  if (!tip) throw ApiError(404, "Invalid rev id: " + ref, error_codes::kRevisionNotFound);
  git::ObjectIntake intake(git, hub.folder);
  const git_oid tree = *git_commit_tree_id(git.find_commit(*tip).get());
  const std::string root = write_root(hub, intake, tree, message, user.name);
  if (!git.move_ref(ref, *tip, root, "squash (API)")) {
    throw ApiError(503, "Another program keeps changing this branch. Try again.", {},
                   {{"Retry-After", "1"}});
  }
  note_change(hub, repo, ref_event(events::kSquash, user, repo, ref, root));
  return root;
}

}  // namespace torchhub::server
