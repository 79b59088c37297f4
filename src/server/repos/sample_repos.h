#pragma once

#include "server/hub_state.h"

namespace torchhub::server {

/// Two small repositories of `owner`, made on the spot: `sample-model` and the data set
/// `sample-data`. One that is there already stays as it is.
void make_sample_repos(HubState& hub, const Account& owner);

}  // namespace torchhub::server
