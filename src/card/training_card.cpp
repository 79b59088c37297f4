#include "torchhub/card/training_card.h"

#include "card/training_log.h"
#include "torchhub/card/front_matter.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace torchhub {

namespace {

using ordered_json = nlohmann::ordered_json;
using card::Results;

constexpr std::string_view kGeneratedTag = "generated_from_trainer";
constexpr std::string_view kPlaceholder = "More information needed\n";

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

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kTaskOfEnding = {{
    {"ForSequenceClassification", "text-classification"},
    {"ForCausalLM", "text-generation"},
    {"ForMaskedLM", "fill-mask"},
    {"ForTokenClassification", "token-classification"},
    {"ForQuestionAnswering", "question-answering"},
    {"ForImageClassification", "image-classification"},
    {"ForAudioClassification", "audio-classification"},
    {"ForObjectDetection", "object-detection"},
    {"ForCTC", "automatic-speech-recognition"},
    {"ForSpeechSeq2Seq", "automatic-speech-recognition"},
    {"ForConditionalGeneration", "text2text-generation"},
    {"ForSeq2SeqLM", "text2text-generation"},
}};

constexpr std::array<std::string_view, 11> kMetricIds = {
    "accuracy",  "bleu",      "f1",     "matthews_correlation",
    "pearsonr",  "precision", "recall", "rouge",
    "sacrebleu", "spearmanr", "wer"};

/// The Hub's id of the metric that readers know as `name`, if it has one.
std::optional<std::string> metric_id(std::string_view name) {
  std::string id(name);
  for (char& c : id) {
    if (c == ' ') c = '_';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (id == "rouge1") return "rouge";
  if (std::find(kMetricIds.begin(), kMetricIds.end(), id) == kMetricIds.end()) return std::nullopt;
  return id;
}

const std::string& display_name(const CardDataset& dataset) {
  return dataset.name.empty() ? dataset.id : dataset.name;
}

/// An id on the Hub, not a path: a path would tell strangers about the machine.
bool has_hub_id(const CardDataset& dataset) {
  const std::string& id = dataset.id;
  if (id.empty() || std::count(id.begin(), id.end(), '/') > 1) return false;
  return std::string_view("/.~").find(id.front()) == std::string_view::npos &&
         id.find('\\') == std::string::npos && id.find(':') == std::string::npos;
}

struct Metric {
  std::string id;
  std::string name;
  ordered_json value;
};

/// The results that the Hub knows metrics for; of several evaluation datasets, the first's.
std::vector<Metric> known_metrics(const std::vector<Results>& results) {
  std::vector<Metric> out;
  if (results.empty()) return out;
  for (const auto& [name, value] : results.front().values) {
    const auto id = metric_id(name);
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
  model["name"] = card.model_name;
  model["results"] = results;
  return ordered_json::array({model});
}

std::vector<std::string> all_tags(std::vector<std::string> tags) {
  if (std::find(tags.begin(), tags.end(), kGeneratedTag) == tags.end()) {
    tags.emplace_back(kGeneratedTag);
  }
  return tags;
}

bool has_base(const TrainingCard& card) { return card.base_model && !card.base_model->empty(); }

ordered_json front_matter(const TrainingCard& card, const std::vector<Results>& results) {
  const std::vector<Metric> metrics = known_metrics(results);
  ordered_json data;
  data["library_name"] = card.library_name;
  if (!card.language.empty()) data["language"] = card.language;
  if (card.license) data["license"] = *card.license;
  if (has_base(card)) data["base_model"] = *card.base_model;
  data["tags"] = all_tags(card.tags);
  for (const CardDataset& dataset : card.datasets) {
    if (has_hub_id(dataset)) data["datasets"].push_back(dataset.id);
  }
  for (const Metric& metric : metrics) data["metrics"].push_back(metric.id);
  data["model-index"] = model_index(card, metrics);
  return data;
}

std::string datasets_phrase(const std::vector<CardDataset>& datasets) {
  std::vector<std::string> names;
  for (const CardDataset& dataset : datasets) {
    if (!dataset.name.empty() || has_hub_id(dataset)) names.push_back(display_name(dataset));
  }
  if (names.empty()) return "an unknown dataset.";
  std::string out = fmt::format("the {}", names.front());
  for (std::size_t i = 1; i < names.size(); ++i) {
    out += fmt::format("{} the {}", i + 1 == names.size() ? " and" : ",", names[i]);
  }
  return out + (names.size() == 1 ? " dataset." : " datasets.");
}

std::string origin(const TrainingCard& card) {
  const std::string datasets = datasets_phrase(card.datasets);
  if (!has_base(card)) return "This model was trained from scratch on " + datasets;
  return fmt::format("This model is a fine-tuned version of [{0}]({1}/{0}) on {2}",
                     *card.base_model, card.hub_url, datasets);
}

std::string results_list(const Results& results) {
  std::string out = "It achieves the following results on the evaluation set";
  if (!results.dataset.empty()) out += fmt::format(" {}", results.dataset);
  if (!results.is_last && results.step) out += fmt::format(" at step {}", *results.step);
  out += ":\n";
  for (const auto& [name, value] : results.values) {
    out += fmt::format("- {}: {}\n", name, card::shown_value(value));
  }
  return out;
}

std::string lines(const std::vector<CardLine>& items) {
  std::string out;
  for (const CardLine& item : items) out += fmt::format("- {}: {}\n", item.name, item.value);
  return out;
}

std::string training_results(const std::vector<card::ResultsTable>& tables) {
  std::string out = "\n### Training results\n\n";
  if (tables.empty()) return out + "\n";
  for (const card::ResultsTable& table : tables) {
    if (!table.dataset.empty()) out += fmt::format("Evaluation set {}:\n\n", table.dataset);
    out += card::markdown_table(table) + "\n";
  }
  return out;
}

std::string training_procedure(const TrainingCard& card, const card::TrainingLog& log) {
  std::string out = "\n## Training procedure\n\n### Training hyperparameters\n\n";
  if (card.hyperparameters.empty()) {
    out += kPlaceholder;
  } else {
    out += "The following hyperparameters were used during training:\n";
    out += lines(card.hyperparameters);
  }
  if (log.trained) out += training_results(log.tables);
  out += "\n### Framework versions\n\n";
  for (const CardLine& version : card.framework_versions) {
    out += fmt::format("- {} {}\n", version.name, version.value);
  }
  return out;
}

}  // namespace

std::string render(const TrainingCard& card, const ordered_json& log_history) {
  const card::TrainingLog log = card::read_training_log(log_history, card.weights_step);
  std::string out = fmt::format("---\n{}---\n\n{}\n\n# {}\n\n{}\n",
                                write_front_matter(front_matter(card, log.results)),
                                kGeneratedCardComment, card.model_name, origin(card));
  for (const Results& results : log.results) out += results_list(results);
  for (const char* heading :
       {"Model description", "Intended uses & limitations", "Training and evaluation data"}) {
    out += fmt::format("\n## {}\n\n{}", heading, kPlaceholder);
  }
  return out + training_procedure(card, log);
}

std::optional<std::string> task_of_model_class(std::string_view class_name) {
  for (const auto& [ending, task] : kTaskOfEnding) {
    if (class_name.ends_with(ending)) return std::string(task);
  }
  return std::nullopt;
}

}  // namespace torchhub
