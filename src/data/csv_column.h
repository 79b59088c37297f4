#pragma once

#include "torchhub/data/csv.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace torchhub {

/// Which types suit all fields of a column that were seen so far.
class ColumnGuess {
 public:
  void see(const std::string& field);
  ColumnType type() const;

 private:
  bool some_ = false;   // a field that is not empty
  bool empty_ = false;  // an empty one
  bool int64_ = true;
  bool float64_ = true;
  bool bool_ = true;
};

/// Whether a field can be a value of the type.
bool suits(const std::string& field, ColumnType type);
/// Its value; null for an empty field of a type other than text. @param field one that suits
nlohmann::ordered_json value_of(const std::string& field, ColumnType type);
/// "int64", "float64", "bool", "text"
std::string_view to_string(ColumnType type);

}  // namespace torchhub
