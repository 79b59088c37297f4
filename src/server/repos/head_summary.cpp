#include "server/repos/head_summary.h"

#include "server/repos/card_limits.h"
#include "server/repos/format_tags.h"
#include "server/repos/json_object.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/model_card.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace torchhub::server {
namespace {

using nlohmann::json;

/// A key whose words become tags, and what stands before each word.
using TagKey = std::pair<std::string_view, std::string_view>;

constexpr TagKey kTagKeys[] = {
    {"library_name", ""},
    {"pipeline_tag", ""},
    {"tags", ""},
    {"language", ""},
    {"license", "license:"},
    {"datasets", "dataset:"},
    {"base_model", "base_model:"},
};

/// Of data sets, which clients look for by these words (huggingface_hub, list_datasets).
constexpr TagKey kDatasetTagKeys[] = {
    {"task_categories", "task_categories:"},
    {"task_ids", "task_ids:"},
    {"annotations_creators", "annotations_creators:"},
    {"language_creators", "language_creators:"},
    {"multilinguality", "multilinguality:"},
    {"source_datasets", "source_datasets:"},
    {"size_categories", "size_categories:"},
    {"language", "language:"},
    {"license", "license:"},
    {"tags", ""},
};

std::span<const TagKey> tag_keys(RepoType type) {
  if (type == RepoType::dataset) return kDatasetTagKeys;
  return kTagKeys;
}

std::optional<ModelCard> find_card(const git::Repository& git, const std::string& commit) {
  const auto readme = git.file(commit, "README.md", kMaxCardBytes);
  if (!readme) return std::nullopt;
  try {
    return ModelCard(*readme, kCardLimits);
  } catch (const ModelCardError&) {
    return std::nullopt;
  }
}

/// Tags, each once, in the order they come.
class Tags {
 public:
  void add(std::string tag) {
    if (seen_.insert(tag).second) list_.push_back(std::move(tag));
  }
  std::vector<std::string> take() { return std::move(list_); }

 private:
  std::vector<std::string> list_ = {};
  std::unordered_set<std::string> seen_ = {};
};

std::string first_word(const ModelCard& card, std::string_view key) {
  const std::vector<std::string> words = card.words(key);
  return words.empty() ? std::string() : words.front();
}

void add_card(HeadSummary& summary, Tags& tags, const ModelCard& card, RepoType type) {
  if (card.metadata().empty()) return;
  const json metadata = card.metadata();
  for (const auto& [key, prefix] : tag_keys(type)) {
    for (const std::string& word : card.words(key)) tags.add(std::string(prefix) + word);
  }
  summary.pipeline_tag = first_word(card, "pipeline_tag");
  summary.library = first_word(card, "library_name");
  summary.license = first_word(card, "license");
  summary.model_index = metadata.value("model-index", json());
  summary.card = metadata;
}

bool is_list_of_texts(const json& value) {
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const json& item) { return item.is_string(); });
}

/// Whatever a stranger put there, only what clients expect goes out.
json brief_config(const git::Repository& git, const std::string& commit) {
  constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{1} << 20;
  const auto text = git.file(commit, "config.json", kMaxConfigBytes);
  if (!text) return nullptr;
  json out = json::object();
  const auto config = find_json_object(*text);
  if (!config) return out;
  const auto type = config->find("model_type");
  if (type != config->end() && type->is_string()) out["model_type"] = *type;
  const auto architectures = config->find("architectures");
  if (architectures != config->end() && is_list_of_texts(*architectures)) {
    out["architectures"] = *architectures;
  }
  return out;
}

}  // namespace

HeadSummary summarize(const git::Repository& git, const std::string& commit, RepoType type) {
  HeadSummary summary;
  Tags tags;
  if (const auto card = find_card(git, commit)) add_card(summary, tags, *card, type);
  if (type == RepoType::model) {
    for (std::string& tag : format_tags(git, commit)) tags.add(std::move(tag));
    summary.config = brief_config(git, commit);
  }
  summary.tags = tags.take();
  return summary;
}

}  // namespace torchhub::server
