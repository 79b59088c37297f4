#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace torchhub::card {

/// What a YAML 1.1 reader (PyYAML's `resolver.py`) takes an unquoted text for.
enum class PlainKind { text, null, boolean, integer, floating, timestamp, merge, value };

PlainKind plain_kind(std::string_view text);

/// The value of an unquoted text. Timestamps, `<<`, `=` and what fits no number stay text.
nlohmann::ordered_json plain_value(std::string_view text);

}  // namespace torchhub::card
