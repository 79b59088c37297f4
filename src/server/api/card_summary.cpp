#include "server/api/card_summary.h"

#include "torchhub/card/errors.h"
#include "torchhub/card/model_card.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string_view>

namespace torchhub::server {
namespace {

using nlohmann::json;

/// The keys whose words become tags, with what stands before each word.
constexpr std::pair<std::string_view, std::string_view> kTagKeys[] = {
    {"library_name", ""},
    {"pipeline_tag", ""},
    {"tags", ""},
    {"language", ""},
    {"license", "license:"},
    {"datasets", "dataset:"},
    {"base_model", "base_model:"},
};

json tags_of(const ModelCard& card) {
  json tags = json::array();
  for (const auto& [key, prefix] : kTagKeys) {
    for (const std::string& word : card.words(key)) {
      json tag = std::string(prefix) + word;
      if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(std::move(tag));
    }
  }
  return tags;
}

}  // namespace

std::optional<std::string> problem_of_card(const std::string& readme) {
  try {
    const ModelCard card(readme);
    return std::nullopt;
  } catch (const ModelCardError& error) {
    return error.what();
  }
}

void add_card(json& info, const std::string& readme) {
  if (problem_of_card(readme)) return;
  const ModelCard card(readme);
  if (card.metadata().empty()) return;
  const json metadata = card.metadata();
  info["cardData"] = metadata;
  info["tags"] = tags_of(card);
  for (const char* key : {"pipeline_tag", "library_name", "model-index"}) {
    if (metadata.contains(key)) info[key] = metadata[key];
  }
}

}  // namespace torchhub::server
