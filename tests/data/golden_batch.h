#pragma once

#include "torchhub/fwd.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace torchhub::testing {

/// A part of tests/golden/data/collators.json: "cases" or "masking".
nlohmann::json golden_collators(const std::string& part);

/// Each name a [type, shape, values] there.
Batch batch_from(const nlohmann::json& columns);
std::vector<Batch> batches_from(const nlohmann::json& list);

/// Every way in which `batch` is not `expected`: names, types, shapes, values. Empty if it is.
std::string difference(const Batch& batch, const Batch& expected);

}  // namespace torchhub::testing
