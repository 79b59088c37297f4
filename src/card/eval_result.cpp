#include "torchhub/card/eval_result.h"

#include "card/put_field.h"
#include "torchhub/card/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>

namespace torchhub {
namespace {

using card::put_field;
using ordered_json = nlohmann::ordered_json;

ordered_json metric_of(const EvalResult& result) {
  ordered_json metric = {{"type", result.metric_type}, {"value", result.metric_value}};
  put_field(metric, "name", result.metric_name);
  put_field(metric, "config", result.metric_config);
  put_field(metric, "args", result.metric_args);
  put_field(metric, "verified", result.verified);
  put_field(metric, "verifyToken", result.verify_token);
  return metric;
}

/// The entry of the group that `result` is the first of, still without metrics.
ordered_json group_of(const EvalResult& result) {
  if (result.source_name && !result.source_url) {
    throw ModelCardError(fmt::format(
        "The evaluation result for '{}' has a source_name but no source_url. Give both.",
        result.metric_type));
  }
  ordered_json task = {{"type", result.task_type}};
  put_field(task, "name", result.task_name);
  ordered_json dataset = {{"name", result.dataset_name}, {"type", result.dataset_type}};
  put_field(dataset, "config", result.dataset_config);
  put_field(dataset, "split", result.dataset_split);
  put_field(dataset, "revision", result.dataset_revision);
  put_field(dataset, "args", result.dataset_args);
  ordered_json group = {{"task", task}, {"dataset", dataset}, {"metrics", ordered_json::array()}};
  if (result.source_url) {
    ordered_json source = {{"url", *result.source_url}};
    put_field(source, "name", result.source_name);
    group["source"] = source;
  }
  return group;
}

[[noreturn]] void missing(std::string_view part) {
  throw ModelCardError(fmt::format(
      "The model-index of a model card has no '{}' where one must be. Add it, or delete the "
      "model-index.",
      part));
}

/// `path` such as "task.type": its last word is the key in `map`.
const ordered_json& required(const ordered_json& map, std::string_view path) {
  const std::string key(path.substr(path.rfind('.') + 1));
  if (!map.is_object() || !map.contains(key)) missing(path);
  return map.at(key);
}

std::string required_text(const ordered_json& map, std::string_view path) {
  const ordered_json& value = required(map, path);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_structured() || value.is_null()) missing(path);
  return value.dump();  // YAML makes a number of a name such as 2024
}

std::optional<std::string> text(const ordered_json& map, const char* key) {
  if (!map.contains(key) || map.at(key).is_null()) return std::nullopt;
  const ordered_json& value = map.at(key);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

ordered_json any(const ordered_json& map, const char* key) {
  return map.contains(key) ? map.at(key) : ordered_json();
}

EvalResult with_metric(EvalResult result, const ordered_json& metric) {
  result.metric_type = required_text(metric, "results.metrics.type");
  result.metric_value = required(metric, "results.metrics.value");
  result.metric_name = text(metric, "name");
  result.metric_config = text(metric, "config");
  result.metric_args = any(metric, "args");
  if (metric.contains("verified") && metric["verified"].is_boolean()) {
    result.verified = metric["verified"].get<bool>();
  }
  result.verify_token = text(metric, "verifyToken");
  return result;
}

void append_results(const ordered_json& group, std::vector<EvalResult>& out) {
  const ordered_json& task = required(group, "results.task");
  const ordered_json& dataset = required(group, "results.dataset");
  EvalResult shared;
  shared.task_type = required_text(task, "results.task.type");
  shared.task_name = text(task, "name");
  shared.dataset_type = required_text(dataset, "results.dataset.type");
  shared.dataset_name = required_text(dataset, "results.dataset.name");
  shared.dataset_config = text(dataset, "config");
  shared.dataset_split = text(dataset, "split");
  shared.dataset_revision = text(dataset, "revision");
  shared.dataset_args = any(dataset, "args");
  if (group.contains("source") && group["source"].is_object()) {
    shared.source_name = text(group["source"], "name");
    shared.source_url = text(group["source"], "url");
  }
  for (const ordered_json& metric : required(group, "results.metrics")) {
    out.push_back(with_metric(shared, metric));
  }
}

}  // namespace

bool same_evaluation(const EvalResult& a, const EvalResult& b) {
  return a.task_type == b.task_type && a.dataset_type == b.dataset_type &&
         a.dataset_config == b.dataset_config && a.dataset_split == b.dataset_split &&
         a.dataset_revision == b.dataset_revision;
}

bool same_except_value(const EvalResult& a, const EvalResult& b) {
  const auto rest = [](const EvalResult& r) {
    return std::tie(r.task_type, r.dataset_type, r.dataset_name, r.metric_type, r.task_name,
                    r.dataset_config, r.dataset_split, r.dataset_revision, r.dataset_args,
                    r.metric_name, r.metric_config, r.metric_args, r.verified, r.source_name,
                    r.source_url);
  };
  return rest(a) == rest(b);
}

ordered_json to_model_index(const std::string& model_name, const std::vector<EvalResult>& results) {
  ordered_json groups = ordered_json::array();
  std::vector<const EvalResult*> firsts;
  for (const EvalResult& result : results) {
    const auto found = std::find_if(firsts.begin(), firsts.end(), [&](const EvalResult* first) {
      return same_evaluation(*first, result);
    });
    const auto index = static_cast<std::size_t>(found - firsts.begin());
    if (found == firsts.end()) {
      firsts.push_back(&result);
      groups.push_back(group_of(result));
    }
    groups[index]["metrics"].push_back(metric_of(result));
  }
  ordered_json entry = {{"name", model_name}, {"results", groups}};
  return ordered_json::array({entry});
}

ModelIndex from_model_index(const ordered_json& index) {
  if (!index.is_array()) missing("list of models");
  ModelIndex out;
  for (const ordered_json& model : index) {
    out.model_name = required_text(model, "name");
    for (const ordered_json& group : required(model, "results")) append_results(group, out.results);
  }
  return out;
}

}  // namespace torchhub
