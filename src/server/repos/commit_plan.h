#pragma once

#include "server/git/object_intake.h"
#include "server/git/tree_edit.h"
#include "server/hub_state.h"
#include "torchhub/wire/commit_lines.h"
#include "torchhub/wire/lfs_pointer.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace torchhub::server {

/// What a commit changes, in the order of its lines. Contents are in the intake already.
struct PutChange {
  std::string path;
  git_oid blob = {};
  std::optional<LfsPointer> lfs = std::nullopt;
};
struct DeleteChange {
  std::string path;
};
struct CopyChange {
  std::string path;
  std::string source_path;
  std::optional<std::string> source_revision = std::nullopt;
};
using Change = std::variant<PutChange, DeleteChange, CopyChange>;

struct CommitPlan {
  CommitHeaderLine header = {.summary = ""};
  std::vector<Change> changes = {};
  /// Objects that become the repository's with this commit, and the account that sent them.
  std::vector<LfsPointer> offered = {};
  std::string offered_by = {};
};

/// @throws ApiError 400, 404 that says why `path` could not be changed
void need_done(git::TreeEdit::Result result, const std::string& path);

/// A commit on `tip` in the intake, or nothing if the plan changes nothing. To call under an
/// ObjectGuard that lives until a ref shows the commit.
/// @throws ApiError 400, 404
std::optional<std::string> build_commit(HubState& hub, const RepoRow& repo, git::Repository& git,
                                        const std::string& tip, const CommitPlan& plan,
                                        const std::string& user, git::ObjectIntake& intake);

/// Makes the plan's offered objects the repository's. Before a ref shows the commit.
void accept_offers(HubState& hub, const RepoRow& repo, const CommitPlan& plan);

/// Applies `plan` to the newest tip of `ref` and moves it. Writers of one ref queue here.
/// @return the new commit, or the tip if the plan changes nothing
/// @throws ApiError 400, 404, 412
std::string apply_commit(HubState& hub, const RepoRow& repo, const std::string& ref,
                         const CommitPlan& plan, const Account& user, git::ObjectIntake& intake);

}  // namespace torchhub::server
