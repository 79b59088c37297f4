#include "training/optimizers/saved_group.h"

#include "torchhub/base/error.h"
#include "torchhub/base/log.h"
#include "training/optimizers/saved_parameter.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace torchhub {
namespace {

double within(std::string_view key, double value, double least, double below) {
  if (value >= least && value < below) return value;
  throw InvalidArgumentError(fmt::format("'{}' is {}.", key, value));
}

}  // namespace

void SavedGroup::require_kind(std::string_view key, std::string_view optimizer) const {
  if (saved_.find(key)) return;
  throw InvalidArgumentError(fmt::format(
      "it is of another kind of optimizer than {}: its groups have no '{}'.", optimizer, key));
}

void SavedGroup::require_flag(std::string_view key, bool value) const {
  const pickle::Value* saved = saved_.find(key);
  if (!saved || saved->is<pickle::None>() || saved->boolean() == value) return;
  throw InvalidArgumentError(
      fmt::format("it was trained with {}={}, which this optimizer does not do.", key, !value));
}

double SavedGroup::taken(std::string_view key, double now, double in_file) const {
  if (now != in_file) {
    log::warning("resume_with_another_setting",
                 {{"setting", key}, {"group", group_}, {"now", now}, {"used", in_file}});
  }
  return in_file;
}

double SavedGroup::number(std::string_view key, double now) const {
  const pickle::Value* value = saved_.find(key);
  if (!value) return now;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return taken(key, now, within(key, number_in(*value), 0, kInfinity));
}

double SavedGroup::any_number(std::string_view key, double now) const {
  const pickle::Value* value = saved_.find(key);
  if (!value) return now;
  const double number = number_in(*value);
  if (!std::isfinite(number)) throw InvalidArgumentError(fmt::format("'{}' is {}.", key, number));
  return taken(key, now, number);
}

bool SavedGroup::flag(std::string_view key, bool now) const {
  const pickle::Value* value = saved_.find(key);
  return value ? taken(key, now, value->boolean()) != 0 : now;
}

double SavedGroup::fraction(std::string_view key, std::size_t index, double now) const {
  const std::vector<pickle::Value>& items = saved_.at(key).items();
  if (index >= items.size()) throw InvalidArgumentError(fmt::format("'{}' is too short.", key));
  return taken(key, now, within(key, number_in(items[index]), 0, 1));
}

std::optional<double> SavedGroup::optional_fraction(std::string_view key,
                                                    std::optional<double> now) const {
  const pickle::Value* value = saved_.find(key);
  if (!value) return now;
  if (value->is<pickle::None>()) return std::nullopt;
  return taken(key, now.value_or(0), within(key, number_in(*value), 0, 1));
}

}  // namespace torchhub
