#include "callbacks/loop_history.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace torchhub {

using nlohmann::ordered_json;

ordered_json history_json(const std::vector<Metrics>& history) {
  ordered_json rows = ordered_json::array();
  for (const Metrics& logs : history) {
    ordered_json row = ordered_json::object();
    for (const auto& [name, value] : logs) {
      if (name == "epoch") continue;
      if (logs.is_whole(name)) {
        row[name] = static_cast<std::int64_t>(value);
      } else {
        row[name] = value;
      }
    }
    row["epoch"] = rows.size() + 1;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Metrics> history_from_json(const ordered_json& json) {
  std::vector<Metrics> history;
  for (const ordered_json& row : json) {
    Metrics logs;
    for (const auto& [name, value] : row.items()) {
      if (name == "epoch") continue;
      if (value.is_number_integer()) {
        logs.set(name, value.get<std::int64_t>());
      } else {  // JSON has no NaN
        logs.set(name, value.is_null() ? std::nan("") : value.get<double>());
      }
    }
    history.push_back(std::move(logs));
  }
  return history;
}

}  // namespace torchhub
