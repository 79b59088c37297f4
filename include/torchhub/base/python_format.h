#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace torchhub {

/// Text as Python's `repr(float)` gives it: shortest digits that read back to the same double;
/// exponent form below 1e-4 and from 1e16 on (`2e-05`, `1e+16`), otherwise plain with `.0` for
/// whole numbers; `nan`, `inf`, `-inf`.
std::string python_repr(double value);

/// How Python's `json.dumps` would write a value. The defaults are those of config.json and
/// trainer_state.json.
struct PythonJsonStyle {
  int indent = 2;         ///< Blanks a level; -1: one line, with ", " and ": " between.
  bool sort_keys = true;  ///< At every level.
  bool ascii = true;      ///< Non-ASCII as \uXXXX.
};

/// NaN and infinities become the bare words NaN, Infinity, -Infinity. No line end at the end.
std::string python_json(const nlohmann::json& value, const PythonJsonStyle& style = {});
std::string python_json(const nlohmann::ordered_json& value, const PythonJsonStyle& style = {});

/// Reads what Python's `json` writes, the bare words included, at most 512 levels deep. Keeps the
/// order of keys.
/// @throws InvalidArgumentError that names the place
nlohmann::ordered_json parse_python_json(const std::string& text);

}  // namespace torchhub
