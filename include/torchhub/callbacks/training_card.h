#pragma once

#include "torchhub/card/training_card.h"
#include "torchhub/training/callback.h"

#include <string>

namespace torchhub {

/// The README.md of a run as it stands at `event`: hyperparameters, results so far and versions,
/// put into `facts`, whose own words win. Needs no network.
/// @param facts model_name is the title; license, datasets, ... as the user gave them
std::string training_card(const TrainerEvent& event, TrainingCard facts);

}  // namespace torchhub
