#pragma once

#include "torchhub/weights/state_dict.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace torchhub::testing {

/// Numbers in (-1, 1) that a name alone decides: FNV-1a of the name, splitmix64 of each index.
at::Tensor golden_values(const std::string& name, const std::vector<std::int64_t>& shape);

/// The value that the golden cases give a saved tensor of this name and shape.
at::Tensor golden_weight(const std::string& name, const std::vector<std::int64_t>& shape);

/// Overwrites every tensor of `state` in place with its golden weight.
void fill_golden(const StateDict& state);

/// Fails the test unless `actual` has the recorded shape, first six and last three values, sum and
/// sum of absolute values, within `rtol` relative and `rtol` absolute.
void expect_recorded(const at::Tensor& actual, const nlohmann::json& recorded, double rtol);

}  // namespace torchhub::testing
