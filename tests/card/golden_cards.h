#pragma once

#include "support/golden.h"
#include "torchhub/card/training_card.h"

#include <nlohmann/json.hpp>

#include <sstream>
#include <string>
#include <vector>

namespace torchhub::testing {

/// What transformers made cards from, and these: `name`, `card`, `args`, `versions`, `log_history`,
/// `text`.
inline std::vector<nlohmann::ordered_json> golden_cards() {
  std::vector<nlohmann::ordered_json> examples;
  std::istringstream lines(golden("card/cards.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    examples.push_back(nlohmann::ordered_json::parse(line));
  }
  return examples;
}

/// A missing value, one value, or a list of them.
inline std::vector<std::string> words(const nlohmann::ordered_json& map, const char* key) {
  if (!map.contains(key)) return {};
  if (map[key].is_string()) return {map[key].get<std::string>()};
  return map[key].get<std::vector<std::string>>();
}

/// Of an example, but for its hyperparameters.
inline TrainingCard card_of(const nlohmann::ordered_json& example) {
  const nlohmann::ordered_json& in = example["card"];
  TrainingCard out{.model_name = in["model_name"], .library_name = "transformers"};
  out.language = words(in, "language");
  out.tags = words(in, "tags");
  out.tasks = words(in, "tasks");
  if (in.contains("license")) out.license = in["license"].get<std::string>();
  if (in.contains("finetuned_from")) out.base_model = in["finetuned_from"].get<std::string>();
  const auto names = words(in, "dataset");
  const auto ids = words(in, "dataset_tags");
  const auto args = words(in, "dataset_args");
  for (std::size_t i = 0; i < names.size(); ++i) {
    CardDataset dataset{.name = names[i], .id = ids[i]};
    if (i < args.size()) dataset.args = args[i];
    if (in.contains("dataset_metadata")) {
      dataset.config = in["dataset_metadata"][i]["config"].get<std::string>();
      dataset.split = in["dataset_metadata"][i]["split"].get<std::string>();
    }
    out.datasets.push_back(dataset);
  }
  for (const nlohmann::ordered_json& version : example["versions"]) {
    out.framework_versions.push_back({version[0], version[1]});
  }
  return out;
}

}  // namespace torchhub::testing
