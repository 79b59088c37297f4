#pragma once

#include "card/training_log.h"
#include "torchhub/card/training_card.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace torchhub::card {

/// The front matter of a trained model's card. @throws ModelCardError if more_metadata is no YAML
/// @param tag says what generated the card
nlohmann::ordered_json training_metadata(const TrainingCard& card,
                                         const std::vector<Results>& results,
                                         std::string_view tag = "generated_from_trainer");

/// What readers call it; empty: it has no name that says anything to them.
std::string display_name(const CardDataset& dataset);

/// What the card is headed with, and the model-index.
std::string display_name(const TrainingCard& card);

/// An id on the Hub, not a path or what reads files.
bool has_hub_id(const CardDataset& dataset);

/// A base model, on the Hub or not.
bool has_base(const TrainingCard& card);

/// The same on the Hub.
bool has_base_on_hub(const TrainingCard& card);

}  // namespace torchhub::card
