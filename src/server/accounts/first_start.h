#pragma once

#include "server/hub_state.h"
#include "torchhub/server/first_start.h"

#include <optional>

namespace torchhub::server {

/// Fills a hub without users; does nothing on any other. See Server::first_start().
std::optional<FirstUser> fill_empty_hub(HubState& hub, const FirstStart& wanted);

}  // namespace torchhub::server
