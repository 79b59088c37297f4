#pragma once

#include "torchhub/hub/client.h"
#include "torchhub/push/job.h"

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

namespace torchhub {

/// README.md at a commit; nothing if there is none.
std::optional<std::string> card_on_hub(const HubClient& client, const Repo& repo,
                                       const std::string& revision,
                                       const std::stop_token& stop = {});

/// What becomes of a card that is to be pushed over the one on the Hub.
struct CardToPush {
  std::optional<std::string> text = std::nullopt;  ///< Unset: the Hub keeps its own.
  bool is_merged = false;                          ///< It is not the job's own any more.
  std::string problem = {};                        ///< Why the Hub keeps its own.
};

/// People's words on the Hub outlive the push: what they changed since `last_pushed` (README.md as
/// the last push from here had it) stays, the rest is `ours` with what was edited or deleted here
/// (unite_edits()). Where that push is not known, see merge_cards(). A card on the Hub
/// whose front matter cannot be read stays as it is; that is logged.
CardToPush merged_with_hub(const std::string& ours, const std::optional<std::string>& on_hub,
                           const std::optional<std::string>& last_pushed,
                           const std::vector<std::string>& explicit_keys);

}  // namespace torchhub
