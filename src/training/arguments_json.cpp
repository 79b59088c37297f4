#include "torchhub/base/error.h"
#include "training/argument_fields.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <set>
#include <type_traits>

namespace torchhub {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kMaskedToken = "<HUB_TOKEN>";

template <typename T>
ordered_json value_of(const T& field) {
  if constexpr (std::is_enum_v<T>) {
    return word_of(field);
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return field.string();
  } else {
    return field;
  }
}

template <typename T>
ordered_json value_of(const std::optional<T>& field) {
  return field ? value_of(*field) : ordered_json(nullptr);
}

[[noreturn]] void wrong_type(const std::string& right) { throw InvalidArgumentError(right); }

template <typename T>
void read(const ordered_json& value, T& field) {
  if constexpr (std::is_enum_v<T>) {
    std::string known;
    for (const auto& [candidate, word] : EnumWords<T>::kWords) {
      known += fmt::format("{}{}", known.empty() ? "" : ", ", word);
      if (value == word) {
        field = candidate;
        return;
      }
    }
    wrong_type("one of " + known);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!value.is_boolean()) wrong_type("true or false");
    field = value.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    if (!value.is_number_integer()) wrong_type("a whole number");
    if (std::is_unsigned_v<T> && !value.is_number_unsigned())
      wrong_type("a whole number from 0 on");
    field = value.get<T>();
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!value.is_number()) wrong_type("a number");
    field = value.get<T>();
  } else {
    if (!value.is_string()) wrong_type("text");
    field = value.get<std::string>();
  }
}

template <typename T>
void read(const ordered_json& value, std::optional<T>& field) {
  if (value.is_null()) {
    field.reset();
  } else {
    read(value, field.emplace());
  }
}

}  // namespace

ordered_json to_json(const TrainingArguments& arguments) {
  ordered_json json = ordered_json::object();
  for_each_field(arguments,
                 [&](const char* name, const auto& field) { json[name] = value_of(field); });
  if (arguments.hub_token) json["hub_token"] = kMaskedToken;
  return json;
}

TrainingArguments training_arguments_from_json(const ordered_json& json) {
  if (!json.is_object()) throw InvalidArgumentError("TrainingArguments must be a JSON object.");
  TrainingArguments arguments;
  std::vector<std::string> wrong;
  std::set<std::string> known;
  for_each_field(arguments, [&](const char* name, auto& field) {
    known.insert(name);
    const auto found = json.find(name);
    if (found == json.end()) return;
    try {
      read(*found, field);
    } catch (const InvalidArgumentError& error) {
      wrong.push_back(fmt::format("{} is {}; it must be {}.", name, found->dump(), error.what()));
    }
  });
  for (const auto& item : json.items()) {
    if (!known.contains(item.key())) {
      wrong.push_back(fmt::format("'{}' is not a field of TrainingArguments.", item.key()));
    }
  }
  if (!wrong.empty()) {
    throw InvalidArgumentError("TrainingArguments cannot be read", std::move(wrong));
  }
  // A masked token is the trace of one, not one.
  if (arguments.hub_token == kMaskedToken) arguments.hub_token.reset();
  return arguments;
}

std::string to_string(IntervalStrategy strategy) { return std::string(word_of(strategy)); }
std::string to_string(SaveStrategy strategy) { return std::string(word_of(strategy)); }
std::string to_string(HubStrategy strategy) { return std::string(word_of(strategy)); }
std::string to_string(SchedulerType type) { return std::string(word_of(type)); }

}  // namespace torchhub
