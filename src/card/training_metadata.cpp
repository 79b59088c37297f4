#include "card/training_metadata.h"

#include "card/hub_id.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/front_matter.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace torchhub::card {
namespace {

using ordered_json = nlohmann::ordered_json;

/// Names for readers; a task that is not here does not get into the model-index.
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kTaskNames = {{
    {"text-generation", "Causal Language Modeling"},
    {"image-classification", "Image Classification"},
    {"image-segmentation", "Image Segmentation"},
    {"fill-mask", "Masked Language Modeling"},
    {"object-detection", "Object Detection"},
    {"question-answering", "Question Answering"},
    {"text-classification", "Text Classification"},
    {"table-question-answering", "Table Question Answering"},
    {"token-classification", "Token Classification"},
    {"audio-classification", "Audio Classification"},
    {"automatic-speech-recognition", "Automatic Speech Recognition"},
    {"multiple-choice", "Multiple Choice"},
    {"zero-shot-classification", "Zero Shot Classification"},
}};

constexpr std::array<std::string_view, 11> kMetricIds = {
    "accuracy",  "bleu",      "f1",     "matthews_correlation",
    "pearsonr",  "precision", "recall", "rouge",
    "sacrebleu", "spearmanr", "wer"};

/// The Hub's id of the metric that readers know as `name`, if it has one.
std::optional<std::string> metric_id(const TrainingCard& card, std::string_view name) {
  for (const CardLine& known : card.metric_ids) {
    if (known.name != name) continue;
    return known.value.empty() ? std::nullopt : std::optional(known.value);
  }
  std::string id(name);
  for (char& c : id) {
    if (c == ' ') c = '_';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (id == "rouge1") return "rouge";
  if (std::find(kMetricIds.begin(), kMetricIds.end(), id) == kMetricIds.end()) return std::nullopt;
  return id;
}

struct Metric {
  std::string id;
  std::string name;
  ordered_json value;
};

/// The results that the Hub knows metrics for; of several evaluation datasets, the first's.
std::vector<Metric> known_metrics(const TrainingCard& card, const std::vector<Results>& results) {
  std::vector<Metric> out;
  if (results.empty()) return out;
  for (const auto& [name, value] : results.front().values) {
    const auto id = metric_id(card, name);
    if (!id) continue;
    const auto same = [&](const Metric& metric) { return metric.id == *id; };
    if (std::none_of(out.begin(), out.end(), same)) out.push_back({*id, name, value});
  }
  return out;
}

ordered_json dataset_entry(const CardDataset& dataset) {
  ordered_json entry = {{"name", display_name(dataset)}, {"type", dataset.id}};
  if (dataset.config) entry["config"] = *dataset.config;
  if (dataset.split) entry["split"] = *dataset.split;
  if (dataset.revision) entry["revision"] = *dataset.revision;
  if (dataset.args) entry["args"] = *dataset.args;
  return entry;
}

/// One result for each task and dataset. Without metrics there is none: the Hub refuses halves.
ordered_json model_index(const TrainingCard& card, const std::vector<Metric>& metrics) {
  ordered_json results = ordered_json::array();
  for (const std::string& task : card.tasks) {
    const auto* name = std::find_if(kTaskNames.begin(), kTaskNames.end(),
                                    [&](const auto& row) { return row.first == task; });
    if (name == kTaskNames.end() || metrics.empty()) continue;
    for (const CardDataset& dataset : card.datasets) {
      if (!has_hub_id(dataset)) continue;
      ordered_json result;
      result["task"]["name"] = name->second;
      result["task"]["type"] = task;
      result["dataset"] = dataset_entry(dataset);
      for (const Metric& metric : metrics) {
        ordered_json entry;
        entry["name"] = metric.name;
        entry["type"] = metric.id;
        entry["value"] = metric.value;
        result["metrics"].push_back(entry);
      }
      results.push_back(result);
    }
  }
  ordered_json model;
  model["name"] = display_name(card);
  model["results"] = results;
  return ordered_json::array({model});
}

std::vector<std::string> all_tags(std::vector<std::string> tags, std::string_view generated) {
  if (std::find(tags.begin(), tags.end(), generated) == tags.end()) tags.emplace_back(generated);
  return tags;
}

void put(ordered_json& map, const char* key, const std::optional<std::string>& text) {
  if (text && !text->empty()) map[key] = *text;
}

void put(ordered_json& map, const char* key, const std::string& text) {
  if (!text.empty()) map[key] = text;
}

ordered_json emissions_entry(const CardEmissions& emissions) {
  ordered_json entry = {{"emissions", emissions.grams}};
  put(entry, "source", emissions.source);
  put(entry, "training_type", emissions.training_type);
  put(entry, "geographical_location", emissions.geographical_location);
  put(entry, "hardware_used", emissions.hardware_used);
  return entry;
}

ordered_json widget_entries(const std::vector<CardExample>& examples) {
  ordered_json entries = ordered_json::array();
  for (const CardExample& example : examples) {
    ordered_json entry = ordered_json::object();
    for (const CardLine& input : example.inputs) entry[input.name] = input.value;
    put(entry, "example_title", example.title);
    entries.push_back(entry);
  }
  return entries;
}

/// What Python's trainer does not write.
void put_more(ordered_json& data, const TrainingCard& card) {
  put(data, "pipeline_tag", card.pipeline_tag);
  if (card.emissions) data["co2_eq_emissions"] = emissions_entry(*card.emissions);
  if (!card.widget.empty()) data["widget"] = widget_entries(card.widget);
  const ordered_json more = parse_front_matter(card.more_metadata);
  for (const auto& item : more.items()) {
    if (!data.contains(item.key())) data[item.key()] = item.value();
  }
}

}  // namespace

std::string display_name(const CardDataset& dataset) {
  std::string name = shown_name(dataset.name);
  if (!name.empty() && !is_loader_name(name)) return name;
  return has_hub_id(dataset) ? dataset.id : "";
}

std::string display_name(const TrainingCard& card) {
  const std::string name = shown_name(card.model_name);
  return name.empty() && !card.model_name.empty() ? "model" : name;
}

bool has_hub_id(const CardDataset& dataset) {
  return is_hub_id(dataset.id) && !is_loader_name(dataset.id);
}

bool has_base(const TrainingCard& card) { return card.base_model && !card.base_model->empty(); }

bool has_base_on_hub(const TrainingCard& card) {
  return has_base(card) && is_hub_id(*card.base_model);
}

ordered_json training_metadata(const TrainingCard& card, const std::vector<Results>& results,
                               std::string_view tag) {
  const std::vector<Metric> metrics = known_metrics(card, results);
  ordered_json data;
  data["library_name"] = card.library_name;
  if (!card.language.empty()) data["language"] = card.language;
  if (card.license) data["license"] = *card.license;
  put(data, "license_name", card.license_name);
  put(data, "license_link", card.license_link);
  if (has_base_on_hub(card)) {
    data["base_model"] = *card.base_model;
    put(data, "base_model_relation", card.base_model_relation);
  }
  data["tags"] = all_tags(card.tags, tag);
  for (const CardDataset& dataset : card.datasets) {
    if (has_hub_id(dataset)) data["datasets"].push_back(dataset.id);
  }
  for (const Metric& metric : metrics) data["metrics"].push_back(metric.id);
  data["model-index"] = model_index(card, metrics);
  put_more(data, card);
  return data;
}

}  // namespace torchhub::card
