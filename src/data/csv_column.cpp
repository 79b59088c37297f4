#include "data/csv_column.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace torchhub {
namespace {

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// The digits of a number, without a plus: from_chars takes none.
std::string_view number_text(std::string_view field) {
  std::string_view text = without_blanks(field);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return text;
}

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_whole(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::int64_t> int64_of(std::string_view field) {
  return number_of<std::int64_t>(number_text(field));
}

/// Nothing for whole numbers that int64 cannot hold: as doubles they would lose digits unseen.
std::optional<double> float64_of(std::string_view field) {
  const std::string_view text = number_text(field);
  if (is_whole(text) && !number_of<std::int64_t>(text)) return std::nullopt;
  return number_of<double>(text);
}

std::optional<bool> bool_of(std::string_view field) {
  const std::string_view text = without_blanks(field);
  if (text == "True" || text == "true" || text == "TRUE") return true;
  if (text == "False" || text == "false" || text == "FALSE") return false;
  return std::nullopt;
}

}  // namespace

void ColumnGuess::see(const std::string& field) {
  if (field.empty()) {
    empty_ = true;
    return;
  }
  some_ = true;
  int64_ = int64_ && int64_of(field).has_value();
  float64_ = float64_ && float64_of(field).has_value();
  bool_ = bool_ && bool_of(field).has_value();
}

ColumnType ColumnGuess::type() const {
  if (!some_) return ColumnType::text;
  if (int64_ && !empty_) return ColumnType::int64;
  if (float64_) return ColumnType::float64;
  if (bool_ && !empty_) return ColumnType::bool_;
  return ColumnType::text;
}

bool suits(const std::string& field, ColumnType type) {
  if (field.empty()) return true;
  switch (type) {
    case ColumnType::int64:
      return int64_of(field).has_value();
    case ColumnType::float64:
      return float64_of(field).has_value();
    case ColumnType::bool_:
      return bool_of(field).has_value();
    case ColumnType::text:
      return true;
  }
  return false;
}

nlohmann::ordered_json value_of(const std::string& field, ColumnType type) {
  if (type == ColumnType::text) return field;
  if (field.empty()) return nullptr;
  switch (type) {
    case ColumnType::int64:
      return int64_of(field).value();
    case ColumnType::float64:
      return float64_of(field).value();
    default:
      return bool_of(field).value();
  }
}

std::string_view to_string(ColumnType type) {
  switch (type) {
    case ColumnType::int64:
      return "int64";
    case ColumnType::float64:
      return "float64";
    case ColumnType::bool_:
      return "bool";
    case ColumnType::text:
      return "text";
  }
  return "";
}

}  // namespace torchhub
