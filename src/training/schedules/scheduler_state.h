#pragma once

#include "torchhub/pickle/value.h"
#include "torchhub/training/schedule.h"
#include "training/schedules/metric_schedules.h"

#include <cstdint>
#include <string_view>
#include <vector>

/// Reading and writing what scheduler.pt holds. Readers throw InvalidArgumentError or PickleError.
namespace torchhub {

pickle::List list_of(const std::vector<double>& numbers);

/// Learning rates, `groups` of them, each finite and at least 0.
std::vector<double> rates_at(const pickle::Dict& state, std::string_view key, std::size_t groups);
/// A whole number from 0 on.
std::int64_t count_at(const pickle::Dict& state, std::string_view key);
/// `factor`: above 0 and below 1.
double factor_at(const pickle::Dict& state);
/// `mode`, `threshold` and `threshold_mode`.
BetterRule read_rule(const pickle::Dict& state);
void write_rule(const BetterRule& rule, pickle::Dict& state);
/// Refuses the state of another kind of schedule, which lacks the key.
void require_kind(const pickle::Dict& state, std::string_view key);

/// Says that the rates of this run are not those of the checkpoint, if so.
void warn_of_other_rates(const std::vector<double>& checkpoint, const std::vector<double>& now,
                         ResumedRates used);

}  // namespace torchhub
