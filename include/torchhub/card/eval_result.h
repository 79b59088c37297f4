#pragma once

#include <nlohmann/json.hpp>  // the values of a result may be any JSON

#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// One metric of one model on one dataset, as huggingface_hub's EvalResult.
struct EvalResult {
  std::string task_type;                ///< "image-classification"
  std::string dataset_type;             ///< Id on the Hub: "fashion_mnist".
  std::string dataset_name;             ///< For readers: "Fashion-MNIST".
  std::string metric_type;              ///< "accuracy"
  nlohmann::ordered_json metric_value;  ///< 0.91, or text such as "20.0 ± 1.2".
  std::optional<std::string> task_name = std::nullopt;
  std::optional<std::string> dataset_config = std::nullopt;
  std::optional<std::string> dataset_split = std::nullopt;
  std::optional<std::string> dataset_revision = std::nullopt;
  nlohmann::ordered_json dataset_args = nullptr;  ///< Null: none.
  std::optional<std::string> metric_name = std::nullopt;
  std::optional<std::string> metric_config = std::nullopt;
  nlohmann::ordered_json metric_args = nullptr;  ///< Null: none.
  std::optional<bool> verified = std::nullopt;
  std::optional<std::string> verify_token = std::nullopt;
  std::optional<std::string> source_name = std::nullopt;  ///< Needs source_url.
  std::optional<std::string> source_url = std::nullopt;

  bool operator==(const EvalResult&) const = default;
};

/// The same task, dataset, configuration, split and revision: one entry of a model-index.
bool same_evaluation(const EvalResult& a, const EvalResult& b);

/// Equal but for metric_value and verify_token.
bool same_except_value(const EvalResult& a, const EvalResult& b);

/// The `model-index` of a card: one result for each task, dataset, configuration, split and
/// revision, in order of first appearance. @throws ModelCardError if a source has a name but no URL
nlohmann::ordered_json to_model_index(const std::string& model_name,
                                      const std::vector<EvalResult>& results);

/// What a `model-index` says. Several models in one index: their results in order, the last name.
struct ModelIndex {
  std::string model_name = {};
  std::vector<EvalResult> results = {};
};

/// @throws ModelCardError that names the part which is missing
ModelIndex from_model_index(const nlohmann::ordered_json& index);

}  // namespace torchhub
