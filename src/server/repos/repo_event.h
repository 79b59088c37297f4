#pragma once

#include "server/repos/repo_store.h"
#include "server/store/event_log.h"

namespace torchhub::server {

/// "who did what to which repository", with the names as they are now. @param more what else is
/// worth knowing of it: a JSON object
NewEvent repo_event(std::string_view kind, const Account& by, const RepoRow& repo,
                    const nlohmann::json& more);
NewEvent repo_event(std::string_view kind, const Account& by, const RepoRow& repo);

/// Something was done to the branch, tag or pull request `ref`. @param commit where it is now, or
/// was before it went
NewEvent ref_event(std::string_view kind, const Account& by, const RepoRow& repo,
                   const std::string& ref, const std::string& commit);

}  // namespace torchhub::server
