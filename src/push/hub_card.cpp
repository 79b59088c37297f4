#include "push/hub_card.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/merge.h"
#include "torchhub/card/model_card.h"
#include "torchhub/hub/errors.h"

#include <fmt/format.h>

namespace torchhub {

namespace {

/// One that the disk has spoiled says nothing.
std::optional<std::string> readable(const std::optional<std::string>& card) {
  if (!card) return std::nullopt;
  try {
    static_cast<void>(ModelCard(*card));
    return card;
  } catch (const ModelCardError& error) {
    log::warning("pushed_card_not_read", {{"error", error.what()}});
    return std::nullopt;
  }
}

}  // namespace

std::optional<std::string> card_on_hub(const HubClient& client, const Repo& repo,
                                       const std::string& revision, const std::stop_token& stop) {
  try {
    // The cache may have another card of a branch: an older one, or another Hub's.
    const bool is_fixed = is_commit_hash(revision);
    return read_file(client.hub_download(
        repo, "README.md", {.revision = revision, .force_download = !is_fixed}, stop));
  } catch (const RemoteEntryNotFoundError&) {  // not LocalEntryNotFoundError: the Hub said nothing
    return std::nullopt;                       // none yet
  } catch (const RevisionNotFoundError&) {
    return std::nullopt;  // nor any commit
  }
}

CardToPush merged_with_hub(const std::string& ours, const std::optional<std::string>& on_hub,
                           const std::optional<std::string>& last_pushed,
                           const std::vector<std::string>& explicit_keys) {
  if (!on_hub || on_hub == ours || on_hub == last_pushed) return {.text = ours};
  const auto base = readable(last_pushed);
  try {
    std::string merged =
        base ? unite_edits(
                   {.ours = ours, .theirs = *on_hub, .base = *base, .explicit_keys = explicit_keys})
             : merge_cards({.fresh = ours, .old = *on_hub, .explicit_keys = explicit_keys});
    const bool is_merged = merged != ours;
    return {.text = std::move(merged), .is_merged = is_merged};
  } catch (const ModelCardError& error) {
    log::warning("card_on_hub_not_merged",
                 {{"effect", "README.md is left out of the push"}, {"error", error.what()}});
    return {.problem = fmt::format("that of the Hub cannot be read, and was left as it is: {}",
                                   error.what())};
  }
}

}  // namespace torchhub
