#include "torchhub/card/long_card.h"

#include "card/hub_id.h"
#include "card/training_log.h"
#include "card/training_metadata.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <vector>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += between;
    out += word;
  }
  return out;
}

std::string data_of(const TrainingCard& card) {
  std::vector<std::string> names;
  for (const CardDataset& dataset : card.datasets) {
    std::string name = card::display_name(dataset);
    if (!name.empty()) names.push_back(std::move(name));
  }
  return joined(names, ", ");
}

std::string metrics_of(const card::TrainingLog& log) {
  std::vector<std::string> names;
  if (!log.results.empty()) {
    for (const auto& [name, value] : log.results.front().values) names.push_back(name);
  }
  return joined(names, ", ");
}

std::string results_of(const card::TrainingLog& log) {
  std::vector<std::string> lines;
  for (const card::Results& results : log.results) {
    if (!results.dataset.empty()) lines.push_back(fmt::format("\nOn {}:\n", results.dataset));
    for (const auto& [name, value] : results.values) {
      lines.push_back(fmt::format("- {}: {}", name, card::shown_value(value)));
    }
  }
  return joined(lines, "\n");
}

/// A number of the entry that ends the log of a training.
std::optional<double> summary(const ordered_json& log_history, const char* key) {
  std::optional<double> out;
  for (const ordered_json& entry : log_history) {
    const bool ends = entry.contains("train_runtime") && entry.contains("train_loss");
    if (ends && entry.contains(key) && entry[key].is_number()) out = entry[key].get<double>();
  }
  return out;
}

std::string speeds_of(const ordered_json& log_history, const CardRun& run) {
  std::vector<std::string> lines;
  if (!run.model_size.empty()) lines.push_back("- Model: " + run.model_size);
  if (const auto seconds = summary(log_history, "train_runtime")) {
    lines.push_back(fmt::format("- Training time: {:.1f} s", *seconds));
  }
  if (const auto samples = summary(log_history, "train_samples_per_second")) {
    lines.push_back(fmt::format("- Samples per second: {:.1f}", *samples));
  }
  return joined(lines, "\n");
}

std::string software_of(const TrainingCard& card) {
  std::vector<std::string> versions;
  for (const CardLine& line : card.framework_versions) {
    versions.push_back(line.name + " " + line.value);
  }
  return joined(versions, ", ");
}

}  // namespace

TemplateValues template_values(const TrainingCard& card, const ordered_json& log_history,
                               const CardRun& run) {
  const card::TrainingLog log = card::read_training_log(log_history, card.weights_step);
  TemplateValues values = {
      {"model_id", card::display_name(card)},
      {"model_description", card.sections.model_description},
      {"direct_use", card.sections.intended_uses},
      {"training_data", card.sections.data.empty() ? data_of(card) : card.sections.data},
      {"testing_data", data_of(card)},
      {"testing_metrics", metrics_of(log)},
      {"results", results_of(log)},
      {"training_regime", run.training_regime},
      {"hardware_type", run.hardware},
      {"hardware_requirements", run.hardware},
      {"speeds_sizes_times", speeds_of(log_history, run)},
      {"software", software_of(card)},
  };
  if (card::has_base(card)) values["base_model"] = card::shown_name(*card.base_model);
  if (card.how_to_use) values["get_started_code"] = how_to_use(*card.how_to_use);
  if (const auto seconds = summary(log_history, "train_runtime")) {
    values["hours_used"] = fmt::format("{:.2f}", *seconds / 3600);
  }
  if (card.emissions) {
    values["co2_emitted"] = fmt::format("{} g", card::shown_value(card.emissions->grams));
    values["cloud_region"] = card.emissions->geographical_location;
  }
  return values;
}

std::string render_long(const TrainingCard& card, const ordered_json& log_history,
                        const CardRun& run, const TemplateValues& values) {
  const card::TrainingLog log = card::read_training_log(log_history, card.weights_step);
  TemplateValues all = template_values(card, log_history, run);
  for (const auto& [name, text] : values) all[name] = text;
  return card_from_template(card::training_metadata(card, log.results), all).text();
}

}  // namespace torchhub
