#pragma once

#include "torchhub/card/training_card.h"

#include <nlohmann/json.hpp>

#include <map>
#include <string>

namespace torchhub::testing {

/// A training whose words are traps: YAML takes them for something else, or they are not ASCII.
TrainingCard odd_training();

/// A card of each kind that we write, by the kind's name.
std::map<std::string, std::string> cards_of_each_kind(const nlohmann::ordered_json& log);

}  // namespace torchhub::testing
