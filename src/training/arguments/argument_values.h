#pragma once

#include "torchhub/training/arguments.h"
#include "torchhub/training/state.h"
#include "training/arguments/argument_fields.h"
#include "training/arguments/argument_words.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <concepts>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

/// One field of TrainingArguments to JSON and back.
namespace torchhub::argument_values {

using nlohmann::ordered_json;

/// What a value should have been; the reader of the whole knows the field's name.
class WrongValue : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A value that Python takes and we do not, as a whole sentence that says why.
class RefusedValue : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What Python's int() and float() read from it, which is more than JSON: `.5`, `3.`, `+1`. Null if
/// it is no finite number.
ordered_json number_of_text(const std::string& text);

ordered_json to_json(const AcceleratorConfig& config);
void read(const ordered_json& value, AcceleratorConfig& config);

/// A map whose values are numbers, words, flags or null.
using torchhub::to_json;
void read(const ordered_json& value, LogRow& keywords);

inline ordered_json to_json(const std::filesystem::path& path) { return path.string(); }
void read(const ordered_json& value, std::filesystem::path& path);

inline ordered_json to_json(const std::vector<std::string>& words) { return words; }
/// One word counts as a list of one; "none" as an empty one.
void read(const ordered_json& value, std::vector<std::string>& words);

inline ordered_json to_json(const std::string& text) { return text; }
void read(const ordered_json& value, std::string& text);
inline ordered_json to_json(bool flag) { return flag; }
void read(const ordered_json& value, bool& flag);
inline ordered_json to_json(double number) { return number; }
void read(const ordered_json& value, double& number);

template <typename T>
requires(std::integral<T> && !std::same_as<T, bool>) ordered_json to_json(T number) {
  return number;
}

template <typename T>
requires(std::integral<T> && !std::same_as<T, bool>) void read(const ordered_json& value,
                                                               T& number) {
  if (!value.is_number_integer()) throw WrongValue("a whole number");
  if (std::is_unsigned_v<T> && !value.is_number_unsigned()) {
    throw WrongValue("a whole number from 0 on");
  }
  number = value.get<T>();
  if (ordered_json(number) != value) throw WrongValue("a whole number that fits its type");
}

template <typename T>
requires std::is_enum_v<T> ordered_json to_json(T choice) { return word_of(choice); }

template <typename T>
requires std::is_enum_v<T>
void read(const ordered_json& value, T& choice) {
  std::string known;
  for (const auto& [candidate, word] : EnumWords<T>::kWords) {
    known += fmt::format("{}{}", known.empty() ? "" : ", ", word);
    if (value == word) {
      choice = candidate;
      return;
    }
  }
  throw WrongValue("one of " + known);
}

/// @throws RefusedValue for those of Python's optimizers that are not to be had here
void read(const ordered_json& value, OptimizerName& name);

/// Also takes true for "all" and false for "no", as Python does.
void read(const ordered_json& value, InputTokensSeen& which);

template <typename T>
ordered_json to_json(const std::optional<T>& field) {
  return field ? to_json(*field) : ordered_json(nullptr);
}

template <typename T>
void read(const ordered_json& value, std::optional<T>& field) {
  if (value.is_null()) {
    field.reset();
  } else {
    read(value, field.emplace());
  }
}

inline ordered_json to_json(const PythonOnly& field) {
  return ordered_json::parse(field.default_json);
}
/// Nothing to read into: any value but the default is refused.
void read(const ordered_json& value, const PythonOnly& field);

}  // namespace torchhub::argument_values
