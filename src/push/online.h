#pragma once

#include "torchhub/hub/client.h"
#include "torchhub/hub/errors.h"

#include <fmt/format.h>

namespace torchhub {

/// Who changes a card has to see the one that is there now. @throws OfflineModeIsEnabled
inline void require_online(const HubClient& client, const Repo& repo) {
  if (!client.options().offline) return;
  throw OfflineModeIsEnabled(
      fmt::format("Offline mode is on (HF_HUB_OFFLINE or HubOptions::offline): the card of '{}' "
                  "can be read from the cache, but not changed. Turn it off to go online.",
                  repo.id.str()));
}

}  // namespace torchhub
