#include "card/model_index_edit.h"

#include "torchhub/card/errors.h"

#include <algorithm>
#include <string_view>

namespace torchhub::card {
namespace {

using ordered_json = nlohmann::ordered_json;

/// Empty lists are often written as nothing; anything else there is a mistake.
void require_list(ordered_json& map, const char* key, std::string_view name) {
  ordered_json& list = map[key];
  if (list.is_null()) list = ordered_json::array();
  if (list.is_array()) return;
  throw ModelCardError("The '" + std::string(name) +
                       "' in the model-index of a model card is no list. Begin each entry with a "
                       "dash, or delete the model-index.");
}

/// May `b` stand beside `a`, under one task, dataset and source?
bool share_an_entry(const EvalResult& a, const EvalResult& b) {
  return same_evaluation(a, b) && a.source_url == b.source_url && a.source_name == b.source_name &&
         a.dataset_args == b.dataset_args;
}

}  // namespace

ModelIndexEdit::ModelIndexEdit(ordered_json index) : index_(std::move(index)) {
  static_cast<void>(from_model_index(index_));  // names what is missing
  for (std::size_t m = 0; m < index_.size(); ++m) {
    require_list(index_[m], "results", "results");
    ordered_json& groups = index_[m]["results"];
    for (std::size_t g = 0; g < groups.size(); ++g) {
      require_list(groups[g], "metrics", "results.metrics");
      const ordered_json alone = {{"name", ""}, {"results", ordered_json::array({groups[g]})}};
      std::size_t metric = 0;
      for (EvalResult& result : from_model_index(ordered_json::array({alone})).results) {
        known_.push_back({std::move(result), m, g, metric++});
      }
    }
  }
}

std::vector<ModelIndexEdit::Known*> ModelIndexEdit::like(const EvalResult& result) {
  std::vector<Known*> out;
  for (Known& known : known_) {
    if (same_except_value(known.result, result)) out.push_back(&known);
  }
  return out;
}

void ModelIndexEdit::set_value(Known& known, const ordered_json& value) {
  metric_of(known)["value"] = value;
  known.result.metric_value = value;
}

void ModelIndexEdit::set_token(Known& known, const std::optional<std::string>& token) {
  ordered_json& metric = metric_of(known);
  if (token) {
    metric["verifyToken"] = *token;
  } else {
    metric.erase("verifyToken");
  }
  known.result.verify_token = token;
}

void ModelIndexEdit::append(const std::string& model_name, const EvalResult& result) {
  ordered_json entry = to_model_index(model_name, {result})[0];
  ordered_json& group = entry["results"][0];
  const auto beside = std::find_if(known_.begin(), known_.end(), [&](const Known& known) {
    return share_an_entry(known.result, result);
  });
  if (beside != known_.end()) {
    ordered_json& metrics = index_[beside->model]["results"][beside->group]["metrics"];
    metrics.push_back(group["metrics"][0]);
    known_.push_back({result, beside->model, beside->group, metrics.size() - 1});
    return;
  }
  if (index_.empty()) {
    index_.push_back({{"name", model_name}, {"results", ordered_json::array()}});
  }
  const std::size_t model = model_of(model_name);
  ordered_json& groups = index_[model]["results"];
  groups.push_back(group);
  known_.push_back({result, model, groups.size() - 1, 0});
}

ordered_json& ModelIndexEdit::metric_of(const Known& known) {
  return index_[known.model]["results"][known.group]["metrics"][known.metric];
}

std::size_t ModelIndexEdit::model_of(const std::string& name) const {
  const auto found = std::find_if(index_.begin(), index_.end(), [&](const ordered_json& model) {
    return model.at("name") == name;
  });
  return found == index_.end() ? 0 : static_cast<std::size_t>(found - index_.begin());
}

}  // namespace torchhub::card
