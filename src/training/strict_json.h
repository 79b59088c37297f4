#pragma once

#include <nlohmann/json.hpp>

#include <cmath>

namespace torchhub {

/// Null for NaN and infinities, for which JSON has no words, at every level.
inline void make_strict(nlohmann::ordered_json& value) {
  if (value.is_structured()) {
    for (auto& element : value) make_strict(element);
  } else if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    value = nullptr;
  }
}

}  // namespace torchhub
