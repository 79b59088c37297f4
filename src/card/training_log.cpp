#include "card/training_log.h"

#include "card/code_points.h"
#include "torchhub/base/python_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace torchhub::card {
namespace {

using ordered_json = nlohmann::ordered_json;

constexpr std::string_view kEvalPrefix = "eval_";
constexpr std::string_view kLoss = "loss";

/// Speed and place of an evaluation, not its results.
constexpr std::array<std::string_view, 3> kNotMetrics = {"runtime", "samples_per_second",
                                                         "steps_per_second"};

/// "eval_" or "eval_<dataset>_" if this entry is an evaluation.
std::optional<std::string> prefix_of(const ordered_json& entry) {
  if (entry.contains("eval_loss")) return std::string(kEvalPrefix);
  for (const auto& item : entry.items()) {
    const std::string& key = item.key();
    if (!key.starts_with(kEvalPrefix) || !key.ends_with("_loss")) continue;
    std::string prefix = key.substr(0, key.size() - kLoss.size());
    if (entry.contains(prefix + "runtime")) return prefix;  // else a metric that ends so
  }
  return std::nullopt;
}

std::string dataset_of(const std::string& prefix) {
  if (prefix == kEvalPrefix) return {};
  return prefix.substr(kEvalPrefix.size(), prefix.size() - kEvalPrefix.size() - 1);
}

/// "matthews_correlation" as "Matthews Correlation": Python's str.capitalize of each word.
std::string title_of(std::string_view name) {
  std::string out;
  bool first = true;
  for (const char c : name) {
    if (c == '_') {
      out += ' ';
      first = true;
    } else {
      const bool lower = c >= 'a' && c <= 'z';
      const bool upper = c >= 'A' && c <= 'Z';
      out += (lower && first)    ? static_cast<char>(c - 'a' + 'A')
             : (upper && !first) ? static_cast<char>(c - 'A' + 'a')
                                 : c;
      first = false;
    }
  }
  return out;
}

bool is_metric(const std::string& key, const std::string& prefix) {
  if (!key.starts_with(prefix)) return false;
  const std::string_view name = std::string_view(key).substr(prefix.size());
  return std::find(kNotMetrics.begin(), kNotMetrics.end(), name) == kNotMetrics.end();
}

NamedValues metrics_of(const ordered_json& entry, const std::string& prefix) {
  NamedValues out;
  for (const auto& item : entry.items()) {
    if (is_metric(item.key(), prefix)) {
      out.emplace_back(title_of(std::string_view(item.key()).substr(prefix.size())), item.value());
    }
  }
  return out;
}

std::optional<std::int64_t> step_of(const ordered_json& entry) {
  if (!entry.contains("step") || !entry["step"].is_number()) return std::nullopt;
  return entry["step"].get<std::int64_t>();
}

/// Index of the column, made if it is new; rows so far get an empty cell.
std::size_t column(ResultsTable& table, const std::string& name) {
  const auto found = std::find(table.columns.begin(), table.columns.end(), name);
  if (found != table.columns.end()) return static_cast<std::size_t>(found - table.columns.begin());
  table.columns.push_back(name);
  for (auto& row : table.rows) row.emplace_back(nullptr);
  return table.columns.size() - 1;
}

ordered_json value_of(const ordered_json& entry, const char* key) {
  return entry.contains(key) ? entry[key] : ordered_json();
}

void append_row(ResultsTable& table, const ordered_json& entry, const std::string& prefix,
                const ordered_json& training_loss) {
  if (table.columns.empty()) {
    table.columns = {"Training Loss", "Epoch", "Step", "Validation Loss"};
  }
  table.rows.emplace_back(table.columns.size());
  auto set = [&table](const std::string& name, const ordered_json& value) {
    const std::size_t index = column(table, name);
    table.rows.back().at(index) = value;
  };
  set("Training Loss", training_loss);
  set("Epoch", value_of(entry, "epoch"));
  set("Step", value_of(entry, "step"));
  for (const auto& [name, value] : metrics_of(entry, prefix)) {
    set(name == "Loss" ? "Validation Loss" : name, value);
  }
}

template <typename Items>
auto& of_dataset(Items& items, const std::string& dataset) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const auto& item) { return item.dataset == dataset; });
  if (found != items.end()) return *found;
  items.push_back({.dataset = dataset});
  return items.back();
}

/// What training wrote when it ended. Other entries may hold `train_runtime` too.
bool is_summary(const ordered_json& entry) {
  return entry.contains("train_runtime") && entry.contains("train_loss");
}

std::vector<ResultsTable> tables_of(const ordered_json& history) {
  std::vector<ResultsTable> tables;
  ordered_json training_loss = "No log";
  for (const ordered_json& entry : history) {
    if (is_summary(entry)) break;
    if (entry.contains("loss")) training_loss = entry["loss"];
    if (const auto prefix = prefix_of(entry)) {
      append_row(of_dataset(tables, dataset_of(*prefix)), entry, *prefix, training_loss);
    }
  }
  return tables;
}

/// The last evaluation of each dataset that is not younger than the weights.
std::vector<Results> results_of(const ordered_json& history,
                                std::optional<std::int64_t> weights_step) {
  std::vector<Results> results;
  for (const ordered_json& entry : history) {
    const auto prefix = prefix_of(entry);
    if (!prefix) continue;
    Results& found = of_dataset(results, dataset_of(*prefix));
    const auto step = step_of(entry);
    if (weights_step && step && *step > *weights_step) {
      found.is_last = false;
      continue;
    }
    found.values = metrics_of(entry, *prefix);
    found.step = step;
    found.is_last = !weights_step || !step || *step == *weights_step;
  }
  std::erase_if(results, [](const Results& r) { return r.values.empty(); });
  return results;
}

/// The raw last evaluation, as Python lists it where nothing was trained.
std::vector<Results> raw_results_of(const ordered_json& history) {
  Results results;
  for (const ordered_json& entry : history) {
    if (!prefix_of(entry)) continue;
    results.values.clear();
    for (const auto& item : entry.items()) results.values.emplace_back(item.key(), item.value());
  }
  if (results.values.empty()) return {};
  return {results};
}

/// An epoch's values by the names of transformers v4 `parse_keras_history`.
NamedValues epoch_row(const ordered_json& epoch) {
  constexpr std::string_view kValidation = "val_";
  NamedValues row;
  for (const auto& item : epoch.items()) {
    const std::string& key = item.key();
    if (key == "epoch") continue;
    const bool validation = key.starts_with(kValidation);
    row.emplace_back(validation ? "Validation " + title_of(key.substr(kValidation.size()))
                                : "Train " + title_of(key),
                     item.value());
  }
  if (epoch.contains("epoch")) row.emplace_back("Epoch", epoch["epoch"]);
  return row;
}

}  // namespace

TrainingLog read_training_log(const ordered_json& history,
                              std::optional<std::int64_t> weights_step) {
  TrainingLog log;
  log.trained = std::any_of(history.begin(), history.end(), [](const ordered_json& entry) {
    return is_summary(entry) || entry.contains("loss");
  });
  log.results = log.trained ? results_of(history, weights_step) : raw_results_of(history);
  if (log.trained) log.tables = tables_of(history);
  return log;
}

TrainingLog read_history(const ordered_json& history) {
  TrainingLog log{.trained = true};
  ResultsTable table;
  for (const ordered_json& epoch : history) {
    NamedValues row = epoch_row(epoch);
    table.rows.emplace_back(table.columns.size());
    for (const auto& [name, value] : row) {
      const std::size_t index = column(table, name);
      table.rows.back().at(index) = value;
    }
    log.results = {Results{.values = std::move(row)}};
  }
  if (!table.rows.empty()) log.tables.push_back(std::move(table));
  return log;
}

std::string shown_value(const ordered_json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (!value.is_number_float()) return value.dump();
  const double number = value.get<double>();
  std::string text = python_repr(number);
  const std::size_t point = text.find('.');
  if (point == std::string::npos || text.size() - point - 1 <= 4) return text;
  if (std::abs(number) < 1e-3) return fmt::format("{:.4g}", number);
  return fmt::format("{:.4f}", number);
}

std::string markdown_table(const ResultsTable& table) {
  if (table.rows.empty()) return {};
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::size_t width = count_code_points(table.columns[c]);
    for (const auto& row : table.rows) {
      width = std::max(width, count_code_points(shown_value(row[c])));
    }
    widths.push_back(width);
  }
  std::string header;
  std::string rule;
  for (std::size_t c = 0; c < widths.size(); ++c) {
    const std::size_t padding = widths[c] - count_code_points(table.columns[c]);
    header += fmt::format("| {}{} ", table.columns[c], std::string(padding, ' '));
    rule += fmt::format("|:{}:", std::string(widths[c], '-'));
  }
  std::string out = header + "|\n" + rule + "|\n";
  for (const auto& row : table.rows) {
    for (std::size_t c = 0; c < widths.size(); ++c) {
      const std::string cell = shown_value(row[c]);
      out += fmt::format("| {}{} ", cell, std::string(widths[c] - count_code_points(cell), ' '));
    }
    out += "|\n";
  }
  return out;
}

}  // namespace torchhub::card
