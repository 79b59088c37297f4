#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace torchhub::card {

// Each leaves out what is not there.
inline void put_field(nlohmann::ordered_json& map, const char* name,
                      const nlohmann::ordered_json& value) {
  if (!value.is_null()) map[name] = value;
}
inline void put_field(nlohmann::ordered_json& map, const char* name, const std::string& value) {
  map[name] = value;
}
template <typename Value>
void put_field(nlohmann::ordered_json& map, const char* name, const std::optional<Value>& value) {
  if (value) map[name] = *value;
}

}  // namespace torchhub::card
