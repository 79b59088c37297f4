#include "card/card_check.h"
#include "card/hub_words.h"

#include <fmt/format.h>

#include <set>

namespace torchhub::card {
namespace {

using nlohmann::ordered_json;
using Severity = CardProblem::Severity;

void check_words(CardCheck& check) {
  const auto warn = [&](const char* key, auto is_fine, std::string_view otherwise) {
    check.words(key, is_fine, otherwise, Severity::warning);
  };
  warn("task_categories", is_task,
       "no task that is known here, so no list finds the data set by it");
  warn("size_categories", is_size_category,
       "no size that the Hub has. Use n<1K, 1K<n<10K, 10K<n<100K and so on up to n>1T, or unknown");
  warn("annotations_creators", is_creator,
       "none of crowdsourced, found, expert-generated, machine-generated, no-annotation, other");
  warn("language_creators", is_creator,
       "none of crowdsourced, found, expert-generated, machine-generated, other");
  warn("multilinguality", is_multilinguality,
       "none of monolingual, multilingual, translation, other");
  const auto is_any = [](const std::string&) { return true; };
  check.words("task_ids", is_any, "");
  check.words("source_datasets", is_any, "");
}

/// The data viewer and load_dataset() read these.
void check_configs(CardCheck& check) {
  const ordered_json* configs = check.value_of("configs");
  if (configs == nullptr) return;
  if (!configs->is_array()) {
    return check.add(Severity::error, "configs",
                     "must be a list, each with a config_name and data_files");
  }
  std::set<std::string> names;
  for (const ordered_json& config : *configs) {
    const auto name = config.is_object() ? config.find("config_name") : config.end();
    if (!config.is_object() || name == config.end() || !name->is_string()) {
      return check.add(Severity::error, "configs", "each needs a config_name, a word");
    }
    if (names.insert(name->get<std::string>()).second) continue;
    return check.add(Severity::error, "configs",
                     fmt::format("the config_name '{}' is there twice",
                                 name->get_ref<const std::string&>().substr(0, 100)));
  }
}

void check_info(CardCheck& check) {
  const ordered_json* info = check.value_of("dataset_info");
  if (info == nullptr || info->is_object()) return;
  const bool is_list = info->is_array() && std::all_of(info->begin(), info->end(),
                                                       [](const auto& i) { return i.is_object(); });
  if (is_list) return;
  check.add(Severity::error, "dataset_info", "must be a map, or a list of maps");
}

}  // namespace

void check_dataset(CardCheck& check) {
  check.common();
  check.word("pretty_name");
  check_words(check);
  check_configs(check);
  check_info(check);
}

}  // namespace torchhub::card
