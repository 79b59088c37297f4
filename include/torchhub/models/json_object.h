#pragma once

#include <nlohmann/json_fwd.hpp>

#include <memory>

namespace torchhub {

/// An ordered JSON object held by value, for headers that must not pull in all of nlohmann/json.
/// Starts as `{}`.
class JsonObject {
 public:
  JsonObject();
  JsonObject(const JsonObject& other);
  JsonObject& operator=(const JsonObject& other);
  ~JsonObject();

  const nlohmann::ordered_json& json() const { return *value_; }
  nlohmann::ordered_json& json() { return *value_; }

 private:
  std::unique_ptr<nlohmann::ordered_json> value_;  // never null: copied, not moved
};

}  // namespace torchhub
