#pragma once

#include "torchhub/card/metadata_update.h"
#include "torchhub/card/model_card.h"
#include "torchhub/hub/client.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

/// Model cards of repositories. Every call blocks and throws what HubClient's calls throw.
namespace torchhub {

/// A card as it stands at one commit of a repository.
struct RemoteCard {
  ModelCard card;
  std::string commit;  ///< Push with this as parent_commit to notice if somebody was faster.
};

/// README.md at a revision (branch, tag, commit), as the Hub has it now; the cache answers in
/// offline mode alone. Needs HubOptions::cache_dir.
/// @return nothing if the repository has none there
/// @throws ModelCardError that names the repository if the card cannot be read
std::optional<RemoteCard> find_card(const HubClient& client, const Repo& repo,
                                    const std::string& revision = std::string(kDefaultRevision),
                                    std::stop_token stop = {});

/// find_card() that must find one. @throws RemoteEntryNotFoundError
ModelCard load_card(const HubClient& client, const Repo& repo,
                    const std::string& revision = std::string(kDefaultRevision),
                    std::stop_token stop = {});

/// Commits README.md. The Hub judges it first; what it refuses is not committed. A card that the
/// repository has already makes no commit (CommitInfo::changed is false).
/// @param options default message: `Upload README.md with torchhub`
/// @throws BadRequestError with the Hub's words, HeadMovedError (parent_commit)
CommitInfo push_card(const HubClient& client, const Repo& repo, const ModelCard& card,
                     const UploadOptions& options = {}, std::stop_token stop = {});

/// Changes the card of a repository by `edit`, in one commit on top of the card that was read; if
/// somebody commits in between, it reads and edits again (unless options.parent_commit is set).
/// Without a card it begins with model_card_template() (a Space must have one). Whatever fails, the
/// repository stays as it was; what changes nothing makes no commit.
/// @param edit may be called several times, on this thread. What it throws ends the call
/// @param options default message: `Upload README.md with torchhub`. The card is read at `revision`
/// too
/// @throws RemoteEntryNotFoundError for a Space without a card; OfflineModeIsEnabled, also where
/// the cache has the card; as push_card
CommitInfo edit_card(const HubClient& client, const Repo& repo,
                     const std::function<void(ModelCard&)>& edit, const UploadOptions& options = {},
                     std::stop_token stop = {});

struct MetadataUpdateOptions {
  OnConflict on_conflict = OnConflict::refuse;
  /// Default message: `Update metadata with torchhub`. The card is read at `revision` too, where
  /// Python reads the default branch.
  UploadOptions upload = {};
};

/// update_metadata() as an edit_card().
/// @throws ModelCardError for a conflict; as edit_card
CommitInfo metadata_update(const HubClient& client, const Repo& repo,
                           const nlohmann::ordered_json& metadata,
                           const MetadataUpdateOptions& options = {}, std::stop_token stop = {});

/// The license that the Hub knows of a model, such as a base model: the last `license:` of its
/// tags. Nothing if the Hub does not know, or cannot be asked: a card is never worth an error.
std::optional<std::string> license_of(const HubClient& client, const std::string& model_id,
                                      std::stop_token stop = {});

}  // namespace torchhub
