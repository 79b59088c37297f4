#include "callbacks/python_dict.h"

#include "callbacks/short_number.h"

#include <fmt/format.h>

namespace torchhub {
namespace {

/// repr(str) for all but characters that Python calls unprintable beyond ASCII.
std::string quoted(const std::string& text) {
  const bool double_quotes =
      text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
  const char quote = double_quotes ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + quote;
}

std::string python_text(const LogValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return quoted(short_number(*number));
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "True" : "False";
  if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
  if (const auto* json = std::get_if<JsonText>(&value)) return json->text;
  return "None";
}

}  // namespace

std::string python_dict(const LogRow& logs) {
  std::string text;
  for (const auto& [key, value] : logs) {
    if (key == "total_flos") continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", quoted(key), python_text(value));
  }
  return "{" + text + "}";
}

}  // namespace torchhub
