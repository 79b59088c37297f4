#include "training/schedules/keywords.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace torchhub {
namespace {

std::string text_of(const LogValue& value) {
  struct Text {
    std::string operator()(std::nullptr_t) const { return "None"; }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(const std::string& text) const { return fmt::format("'{}'", text); }
    std::string operator()(const JsonText& json) const { return json.text; }
  };
  return std::visit(Text(), value);
}

std::optional<double> finite_number(const LogValue& value) {
  const auto* whole = std::get_if<std::int64_t>(&value);
  if (whole) return static_cast<double>(*whole);
  const auto* real = std::get_if<double>(&value);
  return real && std::isfinite(*real) ? std::optional(*real) : std::nullopt;
}

std::optional<std::int64_t> whole_number(const LogValue& value) {
  constexpr double kMost = 1e15;  // doubles are exact up to here
  const std::optional<double> number = finite_number(value);
  if (!number || *number < 0 || *number > kMost || *number != std::floor(*number)) return {};
  return static_cast<std::int64_t>(*number);
}

std::optional<bool> truth(const LogValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number && (*number == 0 || *number == 1)) return *number == 1;
  return std::nullopt;
}

}  // namespace

const LogValue* Keywords::find(std::string_view name) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.emplace_back(name);
  const auto found = std::find_if(given_.begin(), given_.end(),
                                  [&](const auto& item) { return item.first == name; });
  return found == given_.end() ? nullptr : &found->second;
}

double Keywords::number(std::string_view name, double otherwise) {
  const LogValue* value = find(name);
  if (!value) return otherwise;
  const std::optional<double> read = finite_number(*value);
  require(read.has_value(), name, "a number");
  return read.value_or(otherwise);
}

std::int64_t Keywords::count(std::string_view name, std::int64_t otherwise) {
  const LogValue* value = find(name);
  if (!value) return otherwise;
  const std::optional<std::int64_t> read = whole_number(*value);
  require(read.has_value(), name, "a whole number, 0 or above");
  return read.value_or(otherwise);
}

bool Keywords::flag(std::string_view name, bool otherwise) {
  const LogValue* value = find(name);
  if (!value) return otherwise;
  const std::optional<bool> read = truth(*value);
  require(read.has_value(), name, "true or false");
  return read.value_or(otherwise);
}

std::string Keywords::word(std::string_view name, std::string_view otherwise,
                           std::initializer_list<std::string_view> allowed) {
  const LogValue* value = find(name);
  if (!value) return std::string(otherwise);
  const auto* text = std::get_if<std::string>(value);
  const bool right = text && std::find(allowed.begin(), allowed.end(), *text) != allowed.end();
  require(right, name, fmt::format("one of {}", fmt::join(allowed, ", ")));
  return right ? *text : std::string(otherwise);
}

std::optional<double> Keywords::optional_number(std::string_view name) {
  const LogValue* value = find(name);
  if (!value || std::holds_alternative<std::nullptr_t>(*value)) return std::nullopt;
  return number(name, 0);
}

std::optional<std::int64_t> Keywords::optional_count(std::string_view name) {
  const LogValue* value = find(name);
  if (!value || std::holds_alternative<std::nullptr_t>(*value)) return std::nullopt;
  return count(name, 0);
}

void Keywords::require(bool right, std::string_view name, std::string_view rule) {
  if (right) return;
  const LogValue* value = find(name);
  add_problem(
      fmt::format("{} is {}; it must be {}.", name, value ? text_of(*value) : "not given", rule));
}

void Keywords::add_problem(std::string_view problem) {
  problems_.push_back(fmt::format("{}: {}", owner_, problem));
}

std::vector<std::string> Keywords::take_problems() {
  const std::string known =
      known_.empty() ? "it takes none" : fmt::format("known are {}", fmt::join(known_, ", "));
  for (const auto& [name, value] : given_) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    add_problem(fmt::format("'{}' is unknown; {}.", name, known));
  }
  return std::move(problems_);
}

}  // namespace torchhub
