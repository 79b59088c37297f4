#include "server/repos/squash.h"

#include "server/git/object_intake.h"
#include "server/http/api_error.h"
#include "server/repos/commit_plan.h"
#include "server/repos/repo_maker.h"
#include "torchhub/wire/error_codes.h"

namespace torchhub::server {
namespace {

/// A commit of the same files as `tip`, and no parent.
std::string write_root(const HubState& hub, git::Repository& git, const std::string& tip,
                       const std::string& message, const std::string& user) {
  git::ObjectIntake intake(git, hub.folder);
  const git_oid id = git::parse_oid(tip);
  const auto commit =
      git::made<git::CommitHandle>("find a commit", git_commit_lookup, intake.repository(), &id);
  const auto tree = git::made<git::TreeHandle>("read a tree", git_commit_tree, commit.get());
  const auto author = signature_of(hub, user);
  git_oid root;
  git::check(git_commit_create(&root, intake.repository(), nullptr, author.get(), author.get(),
                               nullptr, message.c_str(), tree.get(), 0, nullptr),
             "write a commit");
  intake.keep();
  return git::to_hex(root);
}

}  // namespace

std::string squash_branch(HubState& hub, const RepoRow& repo, const std::string& ref,
                          const std::string& message, const std::string& user) {
  const auto turn = wait_for_turn(hub, repo, ref);
  git::Repository git = hub.open(repo);
  const auto tip = git.ref_target(ref);
  if (!tip) throw ApiError(404, "Invalid rev id: " + ref, error_codes::kRevisionNotFound);
  const std::string root = write_root(hub, git, *tip, message, user);
  if (!git.move_ref(ref, *tip, root, "squash (API)")) {
    throw ApiError(503, "Another program keeps changing this branch. Try again.", {},
                   {{"Retry-After", "1"}});
  }
  hub.repos.touch(repo.id);
  return root;
}

}  // namespace torchhub::server
