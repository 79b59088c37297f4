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
  std::erase(whole_, name);
}

void Metrics::set(std::string_view new_name, const Metrics& from, std::string_view name) {
  const bool whole = from.is_whole(name);
  set(new_name, from.at(name));
  if (whole) whole_.emplace_back(new_name);
}

bool Metrics::is_whole(std::string_view name) const {
  return std::find(whole_.begin(), whole_.end(), name) != whole_.end();
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
