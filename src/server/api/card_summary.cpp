#include "server/api/card_summary.h"

#include "torchhub/card/errors.h"
#include "torchhub/card/model_card.h"

#include <nlohmann/json.hpp>

#include <string_view>
#include <unordered_set>
#include <utility>

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

/// A card comes from a stranger, and is read again for each info request.
constexpr FrontMatterLimits kLimits{
    .max_bytes = std::size_t{256} << 10, .max_depth = 20, .aliases_and_tags = false};

json tags_of(const ModelCard& card) {
  json tags = json::array();
  std::unordered_set<std::string> seen;
  for (const auto& [key, prefix] : kTagKeys) {
    for (const std::string& word : card.words(key)) {
      std::string tag = std::string(prefix) + word;
      if (seen.insert(tag).second) tags.push_back(std::move(tag));
    }
  }
  return tags;
}

std::optional<ModelCard> find_card(const std::string& readme) {
  try {
    return ModelCard(readme, kLimits);
  } catch (const ModelCardError&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<std::string> problem_of_card(const std::string& readme) {
  try {
    const ModelCard card(readme, kLimits);
    return std::nullopt;
  } catch (const ModelCardError& error) {
    return error.what();
  }
}

void add_card(json& info, const std::string& readme) {
  const auto card = find_card(readme);
  if (!card || card->metadata().empty()) return;
  const json metadata = card->metadata();
  info["cardData"] = metadata;
  info["tags"] = tags_of(*card);
  for (const char* key : {"pipeline_tag", "library_name", "model-index"}) {
    if (metadata.contains(key)) info[key] = metadata[key];
  }
}

}  // namespace torchhub::server
