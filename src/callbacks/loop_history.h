#pragma once

#include "torchhub/training/metrics.h"

#include <nlohmann/json_fwd.hpp>

#include <vector>

namespace torchhub {

/// [{"loss": 0.5, "val_loss": 0.6, "epoch": 1}, ...]
nlohmann::ordered_json history_json(const std::vector<Metrics>& history);

/// What history_json() wrote. @throws nlohmann::json::exception if it is something else
std::vector<Metrics> history_from_json(const nlohmann::ordered_json& json);

}  // namespace torchhub
