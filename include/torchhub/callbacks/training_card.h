#pragma once

#include "torchhub/card/training_card.h"
#include "torchhub/training/callback.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace torchhub {

/// The README.md of a run as it stands at `event`: hyperparameters, results so far and versions,
/// put into `facts`, whose own words win. Needs no network.
/// @param facts model_name is the title; license, datasets, ... as the user gave them
std::string training_card(const TrainerEvent& event, TrainingCard facts);

/// The same of a hand-written loop, from its history by epoch (render_history()).
/// @param model adds what it is and computes in; null: nothing
std::string history_card(const nlohmann::ordered_json& history, TrainingCard facts,
                         const PreTrainedModel* model = nullptr);

/// The base model that the card will name: that of `facts`, else the repository which the model was
/// loaded from. Nothing where it is trained from scratch.
std::optional<std::string> base_model_of(const torch::nn::Module& model, const TrainingCard& facts);

/// After which update the model's weights were these.
std::int64_t weights_step_of(const TrainerEvent& event);

/// How far the run is, if it goes on after `event`.
std::optional<CardProgress> progress_of(const TrainerEvent& event);

/// `facts` with the name and the Hub of the repository, where it does not say others.
TrainingCard with_place(TrainingCard facts, const std::string& name, const std::string& hub_url);

}  // namespace torchhub
