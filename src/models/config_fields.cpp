#include "config_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <type_traits>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

template <typename T>
struct is_optional : std::false_type {};
template <typename T>
struct is_optional<std::optional<T>> : std::true_type {};
template <typename T>
struct is_vector : std::false_type {};
template <typename T>
struct is_vector<std::vector<T>> : std::true_type {};

template <typename T>
std::string wanted() {
  if constexpr (is_optional<T>::value) {
    return wanted<typename T::value_type>() + " or null";
  } else if constexpr (is_vector<T>::value) {
    return "a list, each element " + wanted<typename T::value_type>();
  } else if constexpr (std::is_same_v<T, bool>) {
    return "true or false";
  } else if constexpr (std::is_integral_v<T>) {
    return "an integer";
  } else if constexpr (std::is_floating_point_v<T>) {
    return "a number";
  } else {
    return "a string";
  }
}

template <typename T>
T integer_of(const ordered_json& value) {
  const bool fits_unsigned =
      !value.is_number_unsigned() ||
      value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  if (!value.is_number_integer() || !fits_unsigned) throw std::invalid_argument("integer");
  const auto wide = value.get<std::int64_t>();
  if (wide < std::numeric_limits<T>::min() || wide > std::numeric_limits<T>::max()) {
    throw std::invalid_argument("integer");
  }
  return static_cast<T>(wide);
}

template <typename T>
T read_as(const ordered_json& value) {
  if constexpr (is_optional<T>::value) {
    if (value.is_null()) return std::nullopt;
    return read_as<typename T::value_type>(value);
  } else if constexpr (is_vector<T>::value) {
    if (!value.is_array()) throw std::invalid_argument("list");
    T list;
    for (const ordered_json& element : value) {
      list.push_back(read_as<typename T::value_type>(element));
    }
    return list;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!value.is_boolean()) throw std::invalid_argument("bool");
    return value.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    return integer_of<T>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return float_of(value);
  } else {
    if (!value.is_string()) throw std::invalid_argument("string");
    return value.get<std::string>();
  }
}

template <typename T>
ordered_json written(const T& value) {
  if constexpr (is_optional<T>::value) {
    return value ? ordered_json(*value) : ordered_json();
  } else {
    return ordered_json(value);
  }
}

}  // namespace

double float_of(const ordered_json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_object() || value.size() != 1 || !value.contains("__float__")) {
    throw std::invalid_argument("number");
  }
  const ordered_json& word = value.at("__float__");
  if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (word == "Infinity") return std::numeric_limits<double>::infinity();
  if (word == "-Infinity") return -std::numeric_limits<double>::infinity();
  throw std::invalid_argument("number");
}

ordered_json as_python_sorts(const ordered_json& value) {
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    const double number = value.get<double>();
    const char* word = std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
    return ordered_json{{"__float__", word}};
  }
  if (value.is_array()) {
    ordered_json list = ordered_json::array();
    for (const ordered_json& element : value) list.push_back(as_python_sorts(element));
    return list;
  }
  if (!value.is_object()) return value;
  std::vector<std::string> keys;
  for (const auto& item : value.items()) keys.push_back(item.key());
  std::sort(keys.begin(), keys.end());
  ordered_json sorted = ordered_json::object();
  for (const std::string& key : keys) sorted[key] = as_python_sorts(value.at(key));
  return sorted;
}

void FieldReader::visit(std::string_view key, FieldPointer field) {
  const auto found = object_.find(std::string(key));
  if (found == object_.end()) return;
  std::visit(
      [&](auto* target) {
        using Value = std::remove_pointer_t<decltype(target)>;
        try {
          *target = read_as<Value>(*found);
        } catch (const std::invalid_argument&) {
          problems_.push_back(
              fmt::format("`{}` must be {}, got {}.", key, wanted<Value>(), found->dump()));
        }
      },
      field);
  object_.erase(found);
}

void FieldWriter::visit(std::string_view key, FieldPointer field) {
  std::visit([&](const auto* source) { object_[std::string(key)] = written(*source); }, field);
}

}  // namespace torchhub
