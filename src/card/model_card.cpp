#include "torchhub/card/model_card.h"

#include "card/card_frame.h"
#include "card/card_lines.h"
#include "card/model_index_edit.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/card/errors.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <unordered_set>

namespace torchhub {

using ordered_json = nlohmann::ordered_json;

ModelCard::ModelCard(std::string text, const FrontMatterLimits& limits)
    : text_(std::move(text)),
      metadata_(std::make_shared<const ordered_json>(
          parse_front_matter(split_card(text_).yaml, limits))) {}

ModelCard ModelCard::load(const std::filesystem::path& path) {
  try {
    ModelCard card(read_file(path));
    card::require_sound_frame(card.text_);
    if (split_card(card.text_).opening.empty()) {
      log::warning("card_without_front_matter", {{"path", path.string()}});
    }
    return card;
  } catch (ModelCardError& error) {
    error.add_context(path.string());
    throw;
  }
}

void ModelCard::save(const std::filesystem::path& path) const {
  write_file_atomically(path, text_);
}

std::string_view ModelCard::body() const { return split_card(text_).body; }

void ModelCard::set_body(std::string_view body) {
  text_ = text_.substr(0, text_.size() - split_card(text_).body.size()).append(body);
}

void ModelCard::set(std::string_view key, const ordered_json& value) {
  card::require_sound_frame(text_);
  const CardParts parts = split_card(text_);
  const std::string yaml = with_key(parts.yaml, key, value);
  auto metadata = std::make_shared<const ordered_json>(parse_front_matter(yaml));
  text_ = card::joined_card(card::with_yaml(text_, yaml), parts.body);
  metadata_ = std::move(metadata);
}

std::vector<std::string> ModelCard::words(std::string_view key) const {
  const auto found = metadata_->find(std::string(key));
  if (found == metadata_->end() || found->is_null()) return {};
  std::vector<std::string> out;
  std::unordered_set<std::string> seen;  // a card of a stranger may hold very many words
  const auto add = [&](const ordered_json& value) {
    if (value.is_null()) return;
    std::string word = value.is_string() ? value.get<std::string>() : value.dump();
    if (seen.insert(word).second) out.push_back(std::move(word));
  };
  if (found->is_array()) {
    std::for_each(found->begin(), found->end(), add);
  } else {
    add(*found);
  }
  return out;
}

ModelIndex ModelCard::eval_results(MetadataErrors errors) const {
  const auto found = metadata_->find(card::kModelIndex);
  if (found == metadata_->end() || found->is_null()) return {};
  try {
    return from_model_index(*found);
  } catch (const ModelCardError& error) {
    if (errors == MetadataErrors::fail) throw;
    log::warning("model_index_ignored", {{"error", error.what()}});
    return {};
  }
}

void ModelCard::set_eval_results(const std::string& model_name,
                                 const std::vector<EvalResult>& results) {
  if (results.empty()) return set(card::kModelIndex, nullptr);
  if (model_name.empty()) {
    throw ModelCardError(
        "Evaluation results of a model card need the model's name. Give the name that the "
        "model-index is to show.");
  }
  set(card::kModelIndex, to_model_index(model_name, results));
}

}  // namespace torchhub
