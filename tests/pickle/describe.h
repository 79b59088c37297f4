#pragma once

#include "torchhub/pickle/value.h"

#include <nlohmann/json_fwd.hpp>

namespace torchhub::testing {

/// A tree in the words of tests/peers/check_torch_file.py, so that what we read and what Python
/// reads can be compared.
nlohmann::ordered_json describe(const pickle::Value& value);

}  // namespace torchhub::testing
