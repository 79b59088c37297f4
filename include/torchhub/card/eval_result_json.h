#pragma once

#include "torchhub/card/eval_result.h"

#include <nlohmann/json_fwd.hpp>

#include <vector>

namespace torchhub {

/// A map with the names of the fields (`task_type`, `metric_value`, ...); what is unset is left
/// out.
nlohmann::ordered_json to_json(const EvalResult& result);

/// A list of such maps, or one of them, or a whole `model-index`.
/// @throws ModelCardError that says which entry lacks which field, or has one that is not known
std::vector<EvalResult> eval_results_from_json(const nlohmann::ordered_json& json);

}  // namespace torchhub
