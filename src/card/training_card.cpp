#include "torchhub/card/training_card.h"

#include "card/hub_id.h"
#include "card/origin_paragraph.h"
#include "card/training_log.h"
#include "card/training_metadata.h"
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

constexpr std::string_view kInProgress = "Training is in progress: ";
constexpr std::string_view kPlaceholder = "More information needed\n";

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

std::string datasets_phrase(const std::vector<CardDataset>& datasets) {
  std::vector<std::string> names;
  for (const CardDataset& dataset : datasets) {
    std::string name = card::display_name(dataset);
    if (!name.empty()) names.push_back(std::move(name));
  }
  if (names.empty()) return "an unknown dataset.";
  std::string out = fmt::format("the {}", names.front());
  for (std::size_t i = 1; i < names.size(); ++i) {
    out += fmt::format("{} the {}", i + 1 == names.size() ? " and" : ",", names[i]);
  }
  return out + (names.size() == 1 ? " dataset." : " datasets.");
}

/// A link, unless the base model is a folder of the user's.
std::string base_phrase(const TrainingCard& card) {
  if (!card::has_base_on_hub(card)) {
    const std::string name = card::shown_name(*card.base_model);
    const bool can_stand = !name.empty() && name.find_first_of("`\r\n") == std::string::npos;
    return can_stand ? fmt::format("`{}`", name) : std::string(card::kUnknownModel);
  }
  std::string address = fmt::format("{}/{}", card.hub_url, *card.base_model);
  if (card.base_model_revision) address += fmt::format("/tree/{}", *card.base_model_revision);
  return fmt::format("[{}]({})", *card.base_model, address);
}

std::string origin(const TrainingCard& card) {
  const std::string datasets = datasets_phrase(card.datasets);
  if (!card::has_base(card)) return "This model was trained from scratch on " + datasets;
  return fmt::format("{}{} on {}", card::kFineTuned, base_phrase(card), datasets);
}

std::string progress_line(const CardProgress& progress) {
  const std::string of = progress.of ? fmt::format(" of {}", *progress.of) : "";
  return fmt::format("{}these are the weights after update {}{}.\n", kInProgress, progress.step,
                     of);
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

std::string training_results(const TrainingCard& card,
                             const std::vector<card::ResultsTable>& tables) {
  std::string out;
  if (!card.plot.empty()) {
    out += fmt::format("\n### Loss and metrics\n\n![Loss and metrics of the training]({})\n",
                       card.plot);
  }
  out += "\n### Training results\n\n";
  if (tables.empty()) return out + "\n";
  for (const card::ResultsTable& table : tables) {
    if (!table.dataset.empty()) out += fmt::format("Evaluation set {}:\n\n", table.dataset);
    out += card::markdown_table(table) + "\n";
  }
  return out;
}

std::string section(std::string_view heading, const std::string& words) {
  if (words.empty()) return fmt::format("\n## {}\n\n{}", heading, kPlaceholder);
  return fmt::format("\n## {}\n\n{}{}", heading, words, words.ends_with('\n') ? "" : "\n");
}

std::string user_sections(const TrainingCard& card) {
  const CardSections& words = card.sections;
  std::string out = section("Model description", words.model_description);
  out += section("Intended uses & limitations", words.intended_uses);
  if (card.how_to_use) out += section("How to use", how_to_use(*card.how_to_use));
  return out + section("Training and evaluation data", words.data);
}

std::string training_procedure(const TrainingCard& card, const card::TrainingLog& log) {
  std::string out = card.sections.training_procedure.empty()
                        ? "\n## Training procedure\n"
                        : section("Training procedure", card.sections.training_procedure);
  out += "\n### Training hyperparameters\n\n";
  if (card.hyperparameters.empty()) {
    out += kPlaceholder;
  } else {
    out += "The following hyperparameters were used during training:\n";
    out += lines(card.hyperparameters);
  }
  if (log.trained) out += training_results(card, log.tables);
  out += "\n### Framework versions\n\n";
  for (const CardLine& version : card.framework_versions) {
    out += fmt::format("- {} {}\n", version.name, version.value);
  }
  return out;
}

std::string card_text(const TrainingCard& card, const card::TrainingLog& log, std::string_view tag,
                      std::string_view comment) {
  std::string out = fmt::format("---\n{}---\n\n{}\n\n# {}\n\n{}\n",
                                write_front_matter(card::training_metadata(card, log.results, tag)),
                                comment, card::display_name(card), origin(card));
  if (card.progress) out += progress_line(*card.progress);
  for (const Results& results : log.results) out += results_list(results);
  return out + user_sections(card) + training_procedure(card, log);
}

}  // namespace

std::string render(const TrainingCard& card, const ordered_json& log_history) {
  return card_text(card, card::read_training_log(log_history, card.weights_step),
                   "generated_from_trainer", kGeneratedCardComment);
}

std::string render_history(const TrainingCard& card, const ordered_json& history) {
  return card_text(card, card::read_history(history), "generated_from_keras_callback",
                   kHistoryCardComment);
}

bool says_in_progress(std::string_view card) {
  const std::string line = "\n" + std::string(kInProgress);
  return card::origin_paragraph(card).find(line) != std::string_view::npos;
}

std::optional<std::string> task_of_model_class(std::string_view class_name) {
  for (const auto& [ending, task] : kTaskOfEnding) {
    if (class_name.ends_with(ending)) return std::string(task);
  }
  return std::nullopt;
}

}  // namespace torchhub
