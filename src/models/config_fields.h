#pragma once

#include "torchhub/models/field_visitor.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace torchhub {

/// Fills fields from a JSON object and takes out of it what it used; what is left is for `extra`.
class FieldReader final : public FieldVisitor {
 public:
  explicit FieldReader(nlohmann::ordered_json& object) : object_(object) {}
  /// A sentence for each value of a wrong type.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  void visit(std::string_view key, FieldPointer field) override;

  nlohmann::ordered_json& object_;
  std::vector<std::string> problems_;
};

/// Puts fields into a JSON object; changes no field.
class FieldWriter final : public FieldVisitor {
 public:
  explicit FieldWriter(nlohmann::ordered_json& object) : object_(object) {}

 private:
  void visit(std::string_view key, FieldPointer field) override;

  nlohmann::ordered_json& object_;
};

/// A number as config.json may hold it: also {"__float__": "NaN" | "Infinity" | "-Infinity"}.
/// @throws std::invalid_argument
double float_of(const nlohmann::ordered_json& value);

/// Keys sorted at every level, floats that JSON lacks as {"__float__": ...}.
nlohmann::ordered_json as_python_sorts(const nlohmann::ordered_json& value);

}  // namespace torchhub
