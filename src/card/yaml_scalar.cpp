#include "card/yaml_scalar.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>

namespace torchhub::card {
namespace {

using ordered_json = nlohmann::ordered_json;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 9> kTrue = {"yes",  "Yes", "YES", "true", "True",
                                                   "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 9> kFalse = {"no",    "No",  "NO",  "false", "False",
                                                    "FALSE", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 3> kInfinity = {".inf", ".Inf", ".INF"};
constexpr std::array<std::string_view, 3> kNan = {".nan", ".NaN", ".NAN"};

/// Walks over a text; each take_ function says whether, or how much, it took.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool at_end() const { return position_ == text_.size(); }
  bool take(char c) {
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  bool take_any(std::string_view set) {
    if (at_end() || set.find(text_[position_]) == std::string_view::npos) return false;
    ++position_;
    return true;
  }
  std::size_t take_all(std::string_view set) {
    const std::size_t before = position_;
    while (take_any(set)) {
    }
    return position_ - before;
  }
  bool take_digits(std::size_t least, std::size_t most) {
    std::size_t count = 0;
    while (count < most && take_any("0123456789")) ++count;
    return count >= least;
  }
  /// One or more `:[0-5]?[0-9]`.
  bool take_sexagesimal() {
    bool any = false;
    while (take(':')) {
      const std::size_t before = position_;
      if (!take_digits(1, 2)) return false;
      if (position_ - before == 2 && text_[before] > '5') return false;
      any = true;
    }
    return any;
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

constexpr std::string_view kDecimal = "0123456789_";

bool take_exponent(Cursor& cursor) {
  if (!cursor.take_any("eE")) return true;  // it may be missing
  return cursor.take_any("+-") && cursor.take_digits(1, std::string_view::npos);
}

bool is_point_float(std::string_view text) {
  Cursor cursor(text);
  if (cursor.take('.')) {  // no sign before a leading point
    return cursor.take_digits(1, 1) && (cursor.take_all(kDecimal), take_exponent(cursor)) &&
           cursor.at_end();
  }
  cursor.take_any("+-");
  if (!cursor.take_digits(1, 1)) return false;
  cursor.take_all(kDecimal);
  if (!cursor.take('.')) return false;
  cursor.take_all(kDecimal);
  return take_exponent(cursor) && cursor.at_end();
}

bool is_sexagesimal_float(std::string_view text) {
  Cursor cursor(text);
  cursor.take_any("+-");
  if (!cursor.take_digits(1, 1)) return false;
  cursor.take_all(kDecimal);
  if (!cursor.take_sexagesimal() || !cursor.take('.')) return false;
  cursor.take_all(kDecimal);
  return cursor.at_end();
}

std::string_view without_sign(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text;
}

bool is_float(std::string_view text) {
  return is_point_float(text) || is_sexagesimal_float(text) || is_one_of(text, kNan) ||
         is_one_of(without_sign(text), kInfinity);
}

bool is_integer(std::string_view text) {
  text = without_sign(text);
  if (text == "0") return true;
  Cursor cursor(text);
  if (text.starts_with('0')) {
    cursor.take('0');
    if (cursor.take('b')) return cursor.take_all("01_") > 0 && cursor.at_end();
    if (cursor.take('x')) return cursor.take_all("0123456789abcdefABCDEF_") > 0 && cursor.at_end();
    return cursor.take_all("01234567_") > 0 && cursor.at_end();
  }
  if (!cursor.take_digits(1, 1)) return false;
  cursor.take_all(kDecimal);
  return cursor.at_end() || (cursor.take_sexagesimal() && cursor.at_end());
}

bool is_timestamp(std::string_view text) {
  Cursor date(text);
  if (!date.take_digits(4, 4) || !date.take('-')) return false;
  Cursor loose = date;
  if (date.take_digits(2, 2) && date.take('-') && date.take_digits(2, 2) && date.at_end()) {
    return true;
  }
  Cursor& time = loose;
  if (!time.take_digits(1, 2) || !time.take('-') || !time.take_digits(1, 2)) return false;
  if (!time.take_any("Tt") && time.take_all(" \t") == 0) return false;
  if (!time.take_digits(1, 2) || !time.take(':') || !time.take_digits(2, 2) || !time.take(':') ||
      !time.take_digits(2, 2)) {
    return false;
  }
  if (time.take('.')) time.take_all("0123456789");
  time.take_all(" \t");
  if (time.take('Z') || time.at_end()) return time.at_end();
  if (!time.take_any("+-") || !time.take_digits(1, 2)) return false;
  return time.at_end() || (time.take(':') && time.take_digits(2, 2) && time.at_end());
}

std::string without_underscores(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return c != '_'; });
  return out;
}

/// "1:30" is 90. The last part may have decimals.
double sexagesimal(std::string_view digits) {
  double value = 0;
  while (true) {
    const std::size_t colon = digits.find(':');
    value = value * 60 + std::strtod(std::string(digits.substr(0, colon)).c_str(), nullptr);
    if (colon == std::string_view::npos) return value;
    digits.remove_prefix(colon + 1);
  }
}

double float_value(std::string_view text) {
  const double sign = text.starts_with('-') ? -1.0 : 1.0;
  if (is_one_of(text, kNan)) return std::numeric_limits<double>::quiet_NaN();
  const std::string digits = without_underscores(without_sign(text));
  if (is_one_of(digits, kInfinity)) return sign * std::numeric_limits<double>::infinity();
  if (digits.find(':') != std::string::npos) return sign * sexagesimal(digits);
  double value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return sign * value;
}

/// Nothing if it does not fit 64 bits, or has no digits ("0x_").
std::optional<std::int64_t> integer_value(std::string_view text) {
  std::string digits = without_underscores(without_sign(text));
  if (digits.find(':') != std::string::npos) {
    const double value = sexagesimal(digits);
    if (value > 9e15) return std::nullopt;
    digits = std::to_string(static_cast<std::int64_t>(value));
  }
  int base = 10;
  std::size_t prefix = 0;
  if (digits.starts_with("0b") || digits.starts_with("0x")) {
    base = digits[1] == 'b' ? 2 : 16;
    prefix = 2;
  } else if (digits.size() > 1 && digits.front() == '0') {
    base = 8;
    prefix = 1;
  }
  if (text.starts_with('-')) digits.insert(prefix, "-");
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data() + prefix, end, value, base);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

}  // namespace

PlainKind plain_kind(std::string_view text) {
  if (is_one_of(text, kNull)) return PlainKind::null;
  if (is_one_of(text, kTrue) || is_one_of(text, kFalse)) return PlainKind::boolean;
  if (text == "<<") return PlainKind::merge;
  if (text == "=") return PlainKind::value;
  const char first = text.front();
  if (!is_digit(first) && first != '-' && first != '+' && first != '.') return PlainKind::text;
  if (is_float(text)) return PlainKind::floating;
  if (is_integer(text)) return PlainKind::integer;
  if (is_timestamp(text)) return PlainKind::timestamp;
  return PlainKind::text;
}

ordered_json plain_value(std::string_view text) {
  switch (plain_kind(text)) {
    case PlainKind::null:
      return nullptr;
    case PlainKind::boolean:
      return is_one_of(text, kTrue);
    case PlainKind::floating:
      return float_value(text);
    case PlainKind::integer:
      if (const auto value = integer_value(text)) return *value;
      return std::string(text);
    case PlainKind::text:
    case PlainKind::timestamp:
    case PlainKind::merge:
    case PlainKind::value:
      break;
  }
  return std::string(text);
}

}  // namespace torchhub::card
