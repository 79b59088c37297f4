#include "torchhub/base/python_format.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

std::string json_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return python_repr(value);
}

template <typename Json>
std::string json_string(const Json& value, bool ascii) {
  return value.dump(-1, ' ', ascii, Json::error_handler_t::replace);
}

template <typename Json>
class Writer {
 public:
  explicit Writer(const PythonJsonStyle& style) : style_(style) {}

  void value(const Json& v, int depth) {
    if (v.is_object()) {
      object(v, depth);
    } else if (v.is_array()) {
      array(v, depth);
    } else if (v.is_number_float()) {
      out_ += json_number(v.template get<double>());
    } else if (v.is_string()) {
      out_ += json_string(v, style_.ascii);
    } else {
      out_ += v.dump();
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void object(const Json& v, int depth) {
    if (v.empty()) {
      out_ += "{}";
      return;
    }
    std::vector<std::string> keys;
    for (const auto& item : v.items()) keys.push_back(item.key());
    if (style_.sort_keys) std::sort(keys.begin(), keys.end());
    out_ += '{';
    bool first = true;
    for (const std::string& key : keys) {
      separate(first, depth + 1);
      out_ += json_string(Json(key), style_.ascii) + ": ";
      value(v.at(key), depth + 1);
      first = false;
    }
    close('}', depth);
  }

  void array(const Json& v, int depth) {
    if (v.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    bool first = true;
    for (const Json& element : v) {
      separate(first, depth + 1);
      value(element, depth + 1);
      first = false;
    }
    close(']', depth);
  }

  void separate(bool first, int depth) {
    if (!first) out_ += style_.indent < 0 ? ", " : ",";
    line(depth);
  }

  void close(char bracket, int depth) {
    line(depth);
    out_ += bracket;
  }

  void line(int depth) {
    if (style_.indent < 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(style_.indent * depth), ' ');
  }

  const PythonJsonStyle& style_;
  std::string out_;
};

template <typename Json>
std::string written(const Json& value, const PythonJsonStyle& style) {
  Writer<Json> writer(style);
  writer.value(value, 0);
  return writer.take();
}

}  // namespace

std::string python_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[32];
  const auto result =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string_view scientific(buffer, static_cast<std::size_t>(result.ptr - buffer));
  const std::size_t e = scientific.find('e');
  int exponent = 0;
  std::string_view power = scientific.substr(e + 1);
  if (power.front() == '+') power.remove_prefix(1);
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  if (exponent < -4 || exponent >= 16) return std::string(scientific);  // at least 2 digits in both

  char plain[400];
  const auto end = std::to_chars(plain, plain + sizeof plain, value, std::chars_format::fixed);
  std::string text(plain, end.ptr);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string python_json(const nlohmann::json& value, const PythonJsonStyle& style) {
  return written(value, style);
}

std::string python_json(const ordered_json& value, const PythonJsonStyle& style) {
  return written(value, style);
}

}  // namespace torchhub
