#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::card {

/// Metrics by name for readers ("Loss", "Matthews Correlation"), in the log's order.
using NamedValues = std::vector<std::pair<std::string, nlohmann::ordered_json>>;

/// What an evaluation of one dataset said.
struct Results {
  std::string dataset = {};  ///< Empty unless there were several evaluation datasets.
  NamedValues values = {};
  std::optional<std::int64_t> step = std::nullopt;
  bool is_last = true;  ///< False: a later evaluation exists, or the weights are younger.
};

/// Rows of "Training results" for one dataset; a cell is null where a row has no such value.
struct ResultsTable {
  std::string dataset = {};
  std::vector<std::string> columns = {};
  std::vector<std::vector<nlohmann::ordered_json>> rows = {};
};

struct TrainingLog {
  bool trained = false;  ///< False: the log holds evaluations only.
  std::vector<Results> results = {};
  std::vector<ResultsTable> tables = {};
};

/// @param weights_step see TrainingCard
TrainingLog read_training_log(const nlohmann::ordered_json& history,
                              std::optional<std::int64_t> weights_step);

/// A history by epoch, as Keras keeps it: `loss` becomes "Train Loss", `val_f1` "Validation F1",
/// `epoch` stands last; the results are those of the last epoch.
TrainingLog read_history(const nlohmann::ordered_json& history);

/// A float whose text has more than four characters after the point shows with four decimals,
/// anything else as Python prints it; but below 0.001 four digits are kept, where Python shows
/// 0.0000.
std::string shown_value(const nlohmann::ordered_json& value);

/// The table in Markdown; each line ends with a line break. Empty without rows.
std::string markdown_table(const ResultsTable& table);

}  // namespace torchhub::card
