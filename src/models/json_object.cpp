#include "torchhub/models/json_object.h"

#include <nlohmann/json.hpp>

namespace torchhub {

JsonObject::JsonObject()
    : value_(std::make_unique<nlohmann::ordered_json>(nlohmann::ordered_json::object())) {}
JsonObject::JsonObject(const JsonObject& other)
    : value_(std::make_unique<nlohmann::ordered_json>(*other.value_)) {}
JsonObject& JsonObject::operator=(const JsonObject& other) {
  *value_ = *other.value_;
  return *this;
}
JsonObject::~JsonObject() = default;

}  // namespace torchhub
