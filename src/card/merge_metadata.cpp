#include "card/merge_metadata.h"

#include "torchhub/base/log.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/eval_result.h"
#include "torchhub/card/front_matter.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace torchhub::card {
namespace {

using ordered_json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 3> kUnited = {"tags", "datasets", "metrics"};
constexpr const char* kModelIndex = "model-index";

template <typename Words>
bool contains(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

ordered_json united(const ordered_json& old, const ordered_json& fresh) {
  ordered_json out = old.is_array() ? old : ordered_json::array({old});
  for (const ordered_json& word : fresh) {
    if (std::find(out.begin(), out.end(), word) == out.end()) out.push_back(word);
  }
  return out.size() == 1 && !old.is_array() ? old : out;
}

/// The metric of `model` that says the same as `result` but for the value, or the results of the
/// same group, or nothing. Works on the raw map, so that keys which EvalResult lacks survive.
struct Place {
  ordered_json* metric = nullptr;
  ordered_json* group = nullptr;
};

Place place_of(ordered_json& model, const EvalResult& result) {
  Place place;
  for (ordered_json& group : model["results"]) {
    ordered_json alone = ordered_json::object({{"name", ""}});
    alone["results"] = ordered_json::array({group});
    const std::vector<EvalResult> known = from_model_index(ordered_json::array({alone})).results;
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (place.group == nullptr && same_evaluation(known[i], result)) place.group = &group;
      if (same_except_value(known[i], result)) return {&group["metrics"][i], &group};
    }
  }
  return place;
}

ordered_json merged_model_index(ordered_json old, const ordered_json& fresh) {
  const ModelIndex news = from_model_index(fresh);
  ordered_json& model = old.at(0);
  for (const EvalResult& result : news.results) {
    const Place place = place_of(model, result);
    const ordered_json group = to_model_index("", {result})[0]["results"][0];
    const ordered_json& metric = group["metrics"][0];
    if (place.metric != nullptr) {
      (*place.metric)["value"] = result.metric_value;
    } else if (place.group != nullptr) {
      (*place.group)["metrics"].push_back(metric);
    } else {
      model["results"].push_back(group);
    }
  }
  return old;
}

ordered_json model_index(const ordered_json& old, const ordered_json& fresh) {
  try {
    from_model_index(old);  // throws if a part is missing
    return old.empty() ? fresh : merged_model_index(old, fresh);
  } catch (const ModelCardError& error) {
    log::warning("card_model_index_kept", {{"reason", error.what()}});
    return old;
  }
}

ordered_json merged_value(const std::string& key, const ordered_json& old,
                          const ordered_json& fresh) {
  if (contains(kUnited, key)) return united(old, fresh);
  if (key == kModelIndex) return model_index(old, fresh);
  return old;
}

}  // namespace

std::string merged_yaml(std::string_view old_yaml, std::string_view fresh_yaml,
                        const std::vector<std::string>& explicit_keys) {
  const ordered_json old = parse_front_matter(old_yaml);
  const ordered_json fresh = parse_front_matter(fresh_yaml);
  std::string yaml(old_yaml);
  for (const auto& item : fresh.items()) {
    const bool is_new = !old.contains(item.key()) || old[item.key()].is_null();
    const bool wins = is_new || (contains(explicit_keys, item.key()) &&
                                 !contains(kUnited, item.key()) && item.key() != kModelIndex);
    const ordered_json value =
        wins ? item.value() : merged_value(item.key(), old[item.key()], item.value());
    yaml = with_key(yaml, item.key(), value);
  }
  return yaml;
}

}  // namespace torchhub::card
