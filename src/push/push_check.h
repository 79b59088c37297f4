#pragma once

#include "torchhub/hub/client.h"
#include "torchhub/push/resume.h"

#include <stop_token>

namespace torchhub {

/// Takes away what push_job() would not send, since a newer push has arrived; perhaps all.
void keep_what_still_goes(ListedPush& push, const LastPush& last);

/// All that push_job() looks at before it sends anything, and whether the token may write there.
/// Writes nothing, here or on the Hub. @param on_top not whether others have changed its files
/// @throws SecretFoundError before any request; BranchMovedError; what the client throws
void require_may_go(const HubClient& client, const ListedPush& push, const PushJournal& journal,
                    bool on_top, const std::stop_token& stop = {});

}  // namespace torchhub
