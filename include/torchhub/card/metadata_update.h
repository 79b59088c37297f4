#pragma once

#include "torchhub/card/model_card.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace torchhub {

/// What to do about a value that the card has already, and has differently.
enum class OnConflict { refuse, overwrite };

/// Sets keys of a card's metadata by the rules of huggingface_hub's `metadata_update`: a key that
/// is absent or the same is set; one that differs is a conflict. Results of a `model-index` are
/// looked up one by one: the same but for the value is a conflict, or takes the new value (and the
/// new verify_token if it is verified); what is not found is appended. Null removes a key. The
/// card's other lines stay as they are.
/// @param default_name of the model, where neither the new model-index nor the card has one
/// @throws ModelCardError that names the key, or the metric, of a conflict; the card is then
/// unchanged
void update_metadata(ModelCard& card, const nlohmann::ordered_json& metadata,
                     OnConflict on_conflict = OnConflict::refuse,
                     const std::string& default_name = {});

/// The part of update_metadata() about results, with results of which each keeps its source.
/// @param default_name of the model, where the card has no model-index
/// @throws ModelCardError as update_metadata
void update_eval_results(ModelCard& card, const std::vector<EvalResult>& results,
                         OnConflict on_conflict = OnConflict::refuse,
                         const std::string& default_name = {});

}  // namespace torchhub
