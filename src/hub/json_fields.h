#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>

/// Fields of answers, read without trust: what is missing or of another type reads as empty.
namespace torchhub {

inline const nlohmann::json& field(const nlohmann::json& object, const char* name) {
  static const nlohmann::json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

inline std::string text_field(const nlohmann::json& object, const char* name) {
  const nlohmann::json& value = field(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

inline bool bool_field(const nlohmann::json& object, const char* name) {
  const nlohmann::json& value = field(object, name);
  return value.is_boolean() && value.get<bool>();
}

inline std::optional<std::uint64_t> size_field(const nlohmann::json& object, const char* name) {
  const nlohmann::json& value = field(object, name);
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0) return std::nullopt;
  return value.get<std::uint64_t>();
}

}  // namespace torchhub
