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
};

/// @throws ApiError 400, 404 that says why `path` could not be changed
void need_done(git::TreeEdit::Result result, const std::string& path);

/// The turn of a writer of `ref`.
/// @throws ApiError 404 if the repository was deleted while the writer sent its body or waited
RefQueue::Turn wait_for_turn(HubState& hub, const RepoRow& repo, const std::string& ref);

/// Applies `plan` to the newest tip of `ref` and moves it. Writers of one ref queue here.
/// @return the new commit, or the tip if the plan changes nothing
/// @throws ApiError 400, 404, 412
std::string apply_commit(HubState& hub, const RepoRow& repo, const std::string& ref,
                         const CommitPlan& plan, const std::string& user,
                         git::ObjectIntake& intake);

}  // namespace torchhub::server
