#pragma once

#include "server/hub_state.h"

#include <optional>

namespace torchhub::server {

/// To be called after every change of a ref: notes the time, and what the new head of the default
/// branch says about its repository, which lists are made from. The change is made already, so a
/// failure is only logged: an error would tell the client that nothing happened. @param event what
/// the log is told of it, in the same transaction
void note_change(HubState& hub, const RepoRow& repo,
                 const std::optional<NewEvent>& event = std::nullopt);

/// To be called where a repository is read: writes the cache anew if it is not of the default
/// branch's head. Between the move of a ref and note_change() the server may have died, or git may
/// have moved the ref by itself; since this notices both, no intent has to be written down before
/// each move, which would be one more flush for every commit.
void heal_head_cache(HubState& hub, const RepoRow& repo);

}  // namespace torchhub::server
