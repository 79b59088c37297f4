#include "torchhub/card/validate.h"

#include "card/hub_id.h"
#include "card/hub_words.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/eval_result.h"
#include "torchhub/card/model_card.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;
using Severity = CardProblem::Severity;

/// A card with ten thousand wrong tags has one problem, not ten thousand.
constexpr std::size_t kShownWords = 5;

class Checks {
 public:
  explicit Checks(const ModelCard& card) : card_(card) {}

  std::vector<CardProblem> run() {
    if (card_.metadata().empty()) {
      add(Severity::warning, "",
          "the card has no metadata. Begin it with a line '---', keys such as 'license: mit', and "
          "another line '---'");
    }
    words("language", card::is_language,
          "no language code. Use two or three small letters (en, no, deu), 'code' or "
          "'multilingual'");
    license();
    list_of_words("tags");
    datasets();
    list_of_words("metrics");
    words("base_model", is_model_id,
          "no model id. Use 'owner/name', or 'name' for an old model of no owner");
    base_model_relation();
    model_index();
    pipeline_tag();
    return std::move(problems_);
  }

 private:
  void add(Severity severity, std::string key, std::string message) {
    problems_.push_back({severity, std::move(key), std::move(message)});
  }

  const ordered_json* value_of(const char* key) const {
    const auto found = card_.metadata().find(key);
    return found == card_.metadata().end() || found->is_null() ? nullptr : &*found;
  }

  /// A word, or a list of words, each of which `is_fine`.
  template <typename Rule>
  void words(const char* key, Rule is_fine, std::string_view otherwise,
             Severity severity = Severity::error) {
    const ordered_json* value = value_of(key);
    if (value == nullptr) return;
    if (!value->is_string() && !is_list_of_words(*value)) {
      return add(Severity::error, key, "must be a word or a list of words");
    }
    std::string wrong;
    std::size_t count = 0;
    for (const std::string& word : card_.words(key)) {
      if (is_fine(word) || ++count > kShownWords) continue;
      wrong += fmt::format("{}'{}'", wrong.empty() ? "" : ", ", word.substr(0, 100));
    }
    if (count > kShownWords) wrong += fmt::format(" and {} more", count - kShownWords);
    if (count > 0) add(severity, key, fmt::format("{}: {}", wrong, otherwise));
  }

  void license() {
    words("license", card::is_license,
          "no license id of the Hub. Use one of its list, or 'other' with a license_name");
    const auto ids = card_.words("license");
    const bool is_other = std::find(ids.begin(), ids.end(), "other") != ids.end();
    if (is_other && value_of("license_name") == nullptr) {
      add(Severity::warning, "license_name",
          "is missing; the Hub shows it where license is 'other'");
    }
  }

  static bool is_list_of_words(const ordered_json& value) {
    return value.is_array() &&
           std::all_of(value.begin(), value.end(),
                       [](const ordered_json& item) { return item.is_string(); });
  }

  void list_of_words(const char* key) {
    const ordered_json* value = value_of(key);
    if (value == nullptr || is_list_of_words(*value)) return;
    if (value->is_string()) {
      return add(Severity::warning, key, "is one word; the Hub wants a list: '- ' and the word");
    }
    add(Severity::error, key,
        "must be a list of words. Put what reads as a number or as yes and no in quotes");
  }

  void datasets() {
    list_of_words("datasets");
    const ordered_json* value = value_of("datasets");
    if (value == nullptr || !(value->is_string() || is_list_of_words(*value))) return;
    const auto is_dataset_id = [](const std::string& id) {
      return card::is_hub_id(id) && !card::is_loader_name(id);
    };
    words("datasets", is_dataset_id,
          "no dataset id, so the Hub links nothing. Use 'owner/name', and leave out data of your "
          "own files",
          Severity::warning);
  }

  static bool is_model_id(const std::string& id) {
    const auto is_fine = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("_-./").find(c) != std::string_view::npos;
    };
    return !id.empty() && id.size() <= 193 && std::all_of(id.begin(), id.end(), is_fine) &&
           std::count(id.begin(), id.end(), '/') <= 1 && !id.starts_with('/') &&
           !id.ends_with('/') && !id.starts_with('.') && id.find("..") == std::string::npos;
  }

  void base_model_relation() {
    constexpr std::string_view kKnown[] = {"finetune", "adapter", "merge", "quantized"};
    const ordered_json* value = value_of("base_model_relation");
    if (value == nullptr) return;
    const bool known =
        value->is_string() && std::find(std::begin(kKnown), std::end(kKnown),
                                        value->get_ref<const std::string&>()) != std::end(kKnown);
    if (!known) {
      add(Severity::error, "base_model_relation", "must be finetune, adapter, merge or quantized");
    }
  }

  void model_index() {
    try {
      const ModelIndex index = card_.eval_results();
      for (const EvalResult& result : index.results) {
        if (result.metric_value.is_null()) {
          return add(Severity::error, "model-index",
                     fmt::format("the metric '{}' has no value", result.metric_type));
        }
      }
    } catch (const ModelCardError& error) {
      add(Severity::error, "model-index", error.what());
    }
  }

  void pipeline_tag() {
    const ordered_json* value = value_of("pipeline_tag");
    if (value == nullptr) return;
    if (!value->is_string()) return add(Severity::error, "pipeline_tag", "must be one word");
    const auto& tag = value->get_ref<const std::string&>();
    if (card::is_task(tag)) return;
    add(Severity::warning, "pipeline_tag",
        fmt::format("'{}' is no task that is known here; the Hub shows no widget for it",
                    tag.substr(0, 100)));
  }

  const ModelCard& card_;
  std::vector<CardProblem> problems_ = {};
};

}  // namespace

std::vector<CardProblem> problems_of_card(std::string_view readme) {
  try {
    if (const auto hidden = problem_of_frame(readme)) return {{.message = *hidden}};
    const ModelCard card{std::string(readme)};
    return Checks(card).run();
  } catch (const ModelCardError& error) {
    return {{.message = error.what()}};
  }
}

}  // namespace torchhub
