#pragma once

#include "server/http/router.h"
#include "server/hub_state.h"

namespace torchhub::server {

/// whoami-v2.
void add_account_routes(Router& router, HubState& hub);
/// Overviews of users and organisations, members.
void add_profile_routes(Router& router, HubState& hub);
/// The pictures of accounts.
void add_avatar_routes(Router& router, HubState& hub);
/// Whom /metrics answers.
enum class StatusFor { admins, everybody };
/// healthz, readyz, metrics.
void add_status_routes(Router& router, HubState& hub, StatusFor whom);
/// validate-yaml and what clients ask on the side.
void add_service_routes(Router& router, HubState& hub);
/// Create, delete, move, auth-check.
void add_repo_routes(Router& router, HubState& hub);
/// Settings of a repository.
void add_setting_routes(Router& router, HubState& hub);
/// Who may have the files of a gated repository.
void add_access_request_routes(Router& router, HubState& hub);
/// Lists of repositories.
void add_list_routes(Router& router, HubState& hub);
/// Likes, by repository and by user.
void add_like_routes(Router& router, HubState& hub);
/// Tags in use, storage by repository, and a clear no where the Hub has more.
void add_catalog_routes(Router& router, HubState& hub);
/// compare, treesize.
void add_compare_routes(Router& router, HubState& hub);
/// LFS objects of a repository: list, delete, share.
void add_lfs_file_routes(Router& router, HubState& hub);
/// Repository info at a revision.
void add_info_routes(Router& router, HubState& hub);
/// tree, paths-info.
void add_tree_routes(Router& router, HubState& hub);
/// refs, branches, tags, commits, squash.
void add_ref_routes(Router& router, HubState& hub);
/// preupload, commit.
void add_commit_routes(Router& router, HubState& hub);
/// LFS batch, upload, download, verify.
void add_lfs_routes(Router& router, HubState& hub);
/// Locks on files.
void add_lock_routes(Router& router, HubState& hub);
/// LFS upload in parts.
void add_lfs_part_routes(Router& router, HubState& hub);
/// Uploads for pull requests by who may only read.
void add_offer_routes(Router& router, HubState& hub);
/// Xet tokens, and the part of a Xet store that uploads need.
void add_xet_routes(Router& router, HubState& hub);
/// resolve, raw.
void add_file_routes(Router& router, HubState& hub);
/// Discussions and pull requests.
void add_discussion_routes(Router& router, HubState& hub);
/// Clone and fetch.
/// Clone, fetch and push with git.
void add_git_routes(Router& router, HubState& hub);

}  // namespace torchhub::server
