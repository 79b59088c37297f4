#include "training/schedules/scheduler_state.h"

#include "torchhub/base/error.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <string>

namespace torchhub {

using pickle::Dict;
using pickle::List;
using pickle::Value;

List list_of(const std::vector<double>& numbers) {
  List list;
  for (const double number : numbers) list.items.emplace_back(number);
  return list;
}

std::vector<double> rates_at(const Dict& state, std::string_view key, std::size_t groups) {
  const std::vector<Value>& items = state.at(key).items();
  if (items.size() != groups) {
    throw InvalidArgumentError(
        fmt::format("'{}' has {} learning rates, this run has {} parameter groups.", key,
                    items.size(), groups));
  }
  std::vector<double> rates;
  for (const Value& item : items) {
    rates.push_back(item.number());
    if (!(rates.back() >= 0 && std::isfinite(rates.back()))) {
      throw InvalidArgumentError(
          fmt::format("'{}' holds {}, which is no learning rate.", key, rates.back()));
    }
  }
  return rates;
}

std::int64_t count_at(const Dict& state, std::string_view key) {
  const std::int64_t count = state.at(key).integer();
  if (count < 0) throw InvalidArgumentError(fmt::format("'{}' is below 0.", key));
  return count;
}

namespace {

/// Whether the text under `key` is the first word; it must be one of the two.
bool is_first_word(const Dict& state, std::string_view key, std::string_view first,
                   std::string_view second) {
  const std::string& word = state.at(key).text();
  if (word == first) return true;
  if (word == second) return false;
  throw InvalidArgumentError(
      fmt::format("'{}' is '{}', neither {} nor {}.", key, word, first, second));
}

}  // namespace

BetterRule read_rule(const Dict& state) {
  return {.lower_is_better = is_first_word(state, "mode", "min", "max"),
          .threshold = state.at("threshold").number(),
          .relative = is_first_word(state, "threshold_mode", "rel", "abs")};
}

void write_rule(const BetterRule& rule, Dict& state) {
  state.set("mode", rule.lower_is_better ? "min" : "max");
  state.set("threshold", rule.threshold);
  state.set("threshold_mode", rule.relative ? "rel" : "abs");
}

double factor_at(const Dict& state) {
  const double factor = state.at("factor").number();
  if (factor > 0 && factor < 1) return factor;
  throw InvalidArgumentError(fmt::format("'factor' is {}, not between 0 and 1.", factor));
}

void require_kind(const Dict& state, std::string_view key) {
  if (state.find(key)) return;
  throw InvalidArgumentError(
      fmt::format("it is of another kind of learning rate schedule: it has no '{}'.", key));
}

void warn_of_other_rates(const std::vector<double>& checkpoint, const std::vector<double>& now,
                         ResumedRates used) {
  if (checkpoint == now) return;
  const auto& winner = used == ResumedRates::of_checkpoint ? checkpoint : now;
  log::warning("resume_with_another_learning_rate",
               {{"checkpoint", fmt::format("{}", fmt::join(checkpoint, ","))},
                {"now", fmt::format("{}", fmt::join(now, ","))},
                {"used", fmt::format("{}", fmt::join(winner, ","))}});
}

}  // namespace torchhub
