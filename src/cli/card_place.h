#pragma once

#include "torchhub/card/model_card.h"
#include "torchhub/hub/client.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace torchhub::cli {

/// A card in a repository.
struct RepoPlace {
  HubClient client;
  Repo repo;
  std::string revision = std::string(kDefaultRevision);
};

/// Where a card is: a README.md on disk, or one on the Hub.
using CardPlace = std::variant<std::filesystem::path, RepoPlace>;

/// What exists on disk is meant, then what looks like a path; then `owner/name[@revision]`.
/// @param hub asked for its options only if the Hub is meant
/// @throws InvalidArgumentError
CardPlace parse_card_place(const std::string& word, RepoType type,
                           const std::function<HubOptions()>& hub);

/// Before anything is read of a card that is to be changed. @throws OfflineModeIsEnabled
void require_online(const CardPlace& place);

/// The name of the model at that place.
std::string name_of(const CardPlace& place);

/// @throws FileError, ModelCardError; what the Hub says
ModelCard read_card(const CardPlace& place);

/// The same, or nothing if there is no card yet.
std::optional<ModelCard> find_card_at(const CardPlace& place);

/// Changes the card there, or makes one from the template. @return a line that says what was done
std::string edit_card_at(const CardPlace& place, const std::function<void(ModelCard&)>& edit,
                         const UploadOptions& options);

}  // namespace torchhub::cli
