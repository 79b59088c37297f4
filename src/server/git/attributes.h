#pragma once

#include <git2.h>

#include <string>

namespace torchhub::server::git {

/// Do the .gitattributes files of `commit` say `filter=lfs` for `path`? `repository` may be an
/// intake's.
bool is_lfs_path(git_repository* repository, const git_oid& commit, const std::string& path);

/// The line that makes exactly `path` an LFS file, without a line end.
std::string lfs_rule_for(std::string_view path);

}  // namespace torchhub::server::git
