#pragma once

#include "server/git/repository.h"
#include "server/hub_state.h"
#include "server/push/quarantine.h"

#include <vector>

namespace torchhub::server {

/// What holds for the contents of every push, as for those of commits over HTTP: sizes, paths, LFS
/// pointers; and what only git can bring: symbolic links stay inside, submodules are not taken.
/// @param view the repository with the objects
/// @throws Refusal that names each kind of trouble with the files that have it
void check_contents(const HubState& hub, const RepoRow& repo, git::Repository& view,
                    const std::vector<PushedObject>& objects);

}  // namespace torchhub::server
