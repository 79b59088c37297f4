#pragma once

#include "torchhub/card/eval_result.h"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace torchhub::card {

/// Of the front matter; its value is what ModelIndexEdit changes.
inline constexpr const char* kModelIndex = "model-index";

/// A model-index being changed as it stands: keys that EvalResult lacks survive, and so do several
/// models in one index.
class ModelIndexEdit {
 public:
  /// A result, and where it stands.
  struct Known {
    EvalResult result;
    std::size_t model = 0;
    std::size_t group = 0;
    std::size_t metric = 0;
  };

  /// @throws ModelCardError that names the part which is missing
  explicit ModelIndexEdit(nlohmann::ordered_json index);

  bool empty() const { return known_.empty(); }
  /// Those that are the same as `result` but for value and token.
  std::vector<Known*> like(const EvalResult& result);
  void set_value(Known& known, const nlohmann::ordered_json& value);
  void set_token(Known& known, const std::optional<std::string>& token);
  /// Beside the metrics of the same evaluation and source, else as a new entry of the model of that
  /// name, else of the first.
  void append(const std::string& model_name, const EvalResult& result);

  const nlohmann::ordered_json& json() const { return index_; }

 private:
  nlohmann::ordered_json& metric_of(const Known& known);
  std::size_t model_of(const std::string& name) const;

  nlohmann::ordered_json index_;
  std::vector<Known> known_ = {};
};

}  // namespace torchhub::card
