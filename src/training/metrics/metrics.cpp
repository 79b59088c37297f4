#include "torchhub/training/metrics.h"

#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {

void Metrics::set(std::string_view name, double value) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.first == name; });
  if (found != entries_.end()) {
    found->second = value;
  } else {
    entries_.emplace_back(name, value);
  }
}

std::optional<double> Metrics::get(std::string_view name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.first == name; });
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

double Metrics::at(std::string_view name) const {
  if (const auto value = get(name)) return *value;
  std::string names;
  for (const Entry& entry : entries_) names += (names.empty() ? "" : ", ") + entry.first;
  throw InvalidArgumentError(fmt::format("There is no metric '{}'; there are: {}.", name, names));
}

}  // namespace torchhub
