#include "torchhub/card/eval_result_json.h"

#include "card/put_field.h"
#include "torchhub/card/errors.h"

#include <fmt/format.h>

#include <string_view>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

/// Calls `visit(name, field, required)` for each field of a result.
template <typename Result, typename Visit>
void for_each_field(Result& result, Visit visit) {
  visit("task_type", result.task_type, true);
  visit("dataset_type", result.dataset_type, true);
  visit("dataset_name", result.dataset_name, true);
  visit("metric_type", result.metric_type, true);
  visit("metric_value", result.metric_value, true);
  visit("task_name", result.task_name, false);
  visit("dataset_config", result.dataset_config, false);
  visit("dataset_split", result.dataset_split, false);
  visit("dataset_revision", result.dataset_revision, false);
  visit("dataset_args", result.dataset_args, false);
  visit("metric_name", result.metric_name, false);
  visit("metric_config", result.metric_config, false);
  visit("metric_args", result.metric_args, false);
  visit("verified", result.verified, false);
  visit("verify_token", result.verify_token, false);
  visit("source_name", result.source_name, false);
  visit("source_url", result.source_url, false);
}

class EntryReader {
 public:
  EntryReader(const ordered_json& entry, std::size_t number) : entry_(entry), number_(number) {}

  EvalResult read() {
    if (!entry_.is_object()) fail("it is no map of fields");
    EvalResult out;
    std::size_t known = 0;
    for_each_field(out, [&](const char* name, auto& field, bool required) {
      const auto found = entry_.find(name);
      if (found != entry_.end()) ++known;
      if (found != entry_.end() && !found->is_null()) {
        take(name, *found, field);
      } else if (required) {
        fail(fmt::format("it has no '{}'", name));
      }
    });
    if (known < entry_.size()) fail(fmt::format("it has the unknown field '{}'", unknown(out)));
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw ModelCardError(
        fmt::format("Evaluation result {} cannot be taken: {}. Each needs task_type, dataset_type, "
                    "dataset_name, metric_type and metric_value.",
                    number_, what));
  }

  void take(const char* name, const ordered_json& value, std::string& field) const {
    if (!value.is_string()) fail(fmt::format("its '{}' is no text", name));
    field = value.get<std::string>();
  }
  void take(const char* name, const ordered_json& value, std::optional<std::string>& field) const {
    take(name, value, field.emplace());
  }
  void take(const char* name, const ordered_json& value, std::optional<bool>& field) const {
    if (!value.is_boolean()) fail(fmt::format("its '{}' is not true or false", name));
    field = value.get<bool>();
  }
  static void take(const char* /*name*/, const ordered_json& value, ordered_json& field) {
    field = value;
  }

  std::string unknown(EvalResult& result) const {
    for (const auto& item : entry_.items()) {
      bool known = false;
      for_each_field(
          result, [&](std::string_view name, auto&, bool) { known = known || name == item.key(); });
      if (!known) return item.key();
    }
    return {};
  }

  const ordered_json& entry_;
  std::size_t number_;
};

bool is_model_index(const ordered_json& json) {
  return json.is_array() && !json.empty() && json[0].is_object() && json[0].contains("results");
}

}  // namespace

ordered_json to_json(const EvalResult& result) {
  ordered_json out = ordered_json::object();
  for_each_field(result, [&out](const char* name, const auto& field, bool) {
    card::put_field(out, name, field);
  });
  return out;
}

std::vector<EvalResult> eval_results_from_json(const ordered_json& json) {
  if (is_model_index(json)) {
    ordered_json named = json;
    for (ordered_json& model : named) {
      if (model.is_object() && !model.contains("name")) model["name"] = "";
    }
    return from_model_index(named).results;
  }
  if (!json.is_array()) return {EntryReader(json, 1).read()};
  std::vector<EvalResult> out;
  for (const ordered_json& entry : json) out.push_back(EntryReader(entry, out.size() + 1).read());
  return out;
}

}  // namespace torchhub
