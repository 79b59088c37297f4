#pragma once

#include <nlohmann/json.hpp>  // a result may be any JSON

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// An entry of a file `.eval_results/*.yaml` of a repository: what a model scored on a benchmark of
/// the Hub. Newer than the model-index, beside which it may stand.
struct EvalFileEntry {
  std::string dataset_id;       ///< "cais/hle"
  std::string dataset_task_id;  ///< Which task of that dataset: "default".
  nlohmann::ordered_json value;
  std::optional<std::string> dataset_revision = std::nullopt;
  std::optional<std::string> verify_token = std::nullopt;
  std::optional<std::string> date = std::nullopt;  ///< "2025-01-15"
  std::optional<std::string> source_url = std::nullopt;
  std::optional<std::string> source_name = std::nullopt;  ///< This and the next two need a URL.
  std::optional<std::string> source_user = std::nullopt;
  std::optional<std::string> source_org = std::nullopt;
  std::optional<std::string> notes = std::nullopt;

  bool operator==(const EvalFileEntry&) const = default;
};

/// @throws ModelCardError for text that is no YAML list, or an entry that lacks a part; it names
/// both
std::vector<EvalFileEntry> parse_eval_results_file(std::string_view yaml);

/// @throws ModelCardError if an entry names a source without its URL, or lacks id, task or value
std::string write_eval_results_file(const std::vector<EvalFileEntry>& entries);

}  // namespace torchhub
