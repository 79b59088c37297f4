#include "torchhub/card/metadata_update.h"

#include "card/model_index_edit.h"
#include "torchhub/card/errors.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using card::ModelIndexEdit;
using ordered_json = nlohmann::ordered_json;

std::string where_of(const EvalResult& result) {
  std::string out = fmt::format("{} of {} on {}", result.metric_name.value_or(result.metric_type),
                                result.task_type, result.dataset_name);
  for (const auto& part : {result.dataset_config, result.dataset_split, result.dataset_revision}) {
    if (part) out += fmt::format(", {}", *part);
  }
  return out;
}

void require_agreement(const EvalResult& old, const EvalResult& fresh) {
  if (old == fresh) return;
  throw ModelCardError(fmt::format(
      "The card has the result '{}' already, with the value {} where the new one is {}. Overwrite "
      "it (--overwrite), or leave it out.",
      where_of(old), old.metric_value.dump(), fresh.metric_value.dump()));
}

/// The new index with a name, which its writer may have left out.
ordered_json named(ordered_json fresh, const ordered_json* old, const std::string& default_name) {
  if (!fresh.is_array() || fresh.empty() || !fresh[0].is_object()) return fresh;
  if (fresh[0].contains("name") && !fresh[0]["name"].is_null()) return fresh;
  const bool known = old != nullptr && old->is_array() && !old->empty() && (*old)[0].is_object() &&
                     (*old)[0].contains("name");
  fresh[0]["name"] = known ? (*old)[0]["name"] : ordered_json(default_name);
  return fresh;
}

void add_results(ModelIndexEdit& edit, const ModelIndex& news, OnConflict on_conflict) {
  for (const EvalResult& result : news.results) {
    const auto same = edit.like(result);
    for (ModelIndexEdit::Known* known : same) {
      if (on_conflict == OnConflict::refuse) require_agreement(known->result, result);
      edit.set_value(*known, result.metric_value);
      if (known->result.verified == true) edit.set_token(*known, result.verify_token);
    }
    if (same.empty()) edit.append(news.model_name, result);
  }
}

ordered_json updated_index(const ordered_json* old, const ordered_json& given,
                           OnConflict on_conflict, const std::string& default_name) {
  const ordered_json fresh = named(given, old, default_name);
  const ModelIndex news = from_model_index(fresh);
  if (old == nullptr) return fresh;
  ModelIndexEdit edit(*old);
  if (edit.empty()) return fresh;
  add_results(edit, news, on_conflict);
  return edit.json();
}

/// The value of a key that is there and not null.
const ordered_json* find(const ordered_json& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() || found->is_null() ? nullptr : &*found;
}

void require_no_conflict(const std::string& key, const ordered_json* old,
                         const ordered_json& fresh) {
  if (old == nullptr || *old == fresh) return;
  throw ModelCardError(fmt::format(
      "The card has '{}' already, with the value {} where the new one is {}. Overwrite it "
      "(--overwrite), or leave it out.",
      key, old->dump(), fresh.dump()));
}

}  // namespace

void update_metadata(ModelCard& card, const ordered_json& metadata, OnConflict on_conflict,
                     const std::string& default_name) {
  ModelCard updated = card;
  for (const auto& item : metadata.items()) {
    const ordered_json* old = find(updated.metadata(), item.key());
    if (item.key() == card::kModelIndex && !item.value().is_null()) {
      updated.set(card::kModelIndex, updated_index(old, item.value(), on_conflict, default_name));
      continue;
    }
    if (on_conflict == OnConflict::refuse) require_no_conflict(item.key(), old, item.value());
    updated.set(item.key(), item.value());
  }
  card = std::move(updated);
}

void update_eval_results(ModelCard& card, const std::vector<EvalResult>& results,
                         OnConflict on_conflict, const std::string& default_name) {
  if (results.empty()) return;
  const ordered_json* old = find(card.metadata(), card::kModelIndex);
  ModelIndexEdit edit(old == nullptr ? ordered_json::array() : *old);
  add_results(edit, {.model_name = default_name, .results = results}, on_conflict);
  card.set(card::kModelIndex, edit.json());
}

}  // namespace torchhub
