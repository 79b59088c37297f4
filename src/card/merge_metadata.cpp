#include "card/merge_metadata.h"

#include "card/model_index_edit.h"
#include "torchhub/base/log.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/front_matter.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace torchhub::card {
namespace {

using ordered_json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 3> kUnited = {"tags", "datasets", "metrics"};
/// What a user chooses once; a machine's later guess is no better.
constexpr std::array<std::string_view, 5> kChosen = {"license", "language", "pipeline_tag",
                                                     "library_name", "base_model"};

/// The adapter library writes its own name: without it nobody loads the adapter as one.
bool is_adapters(const std::string& key, const ordered_json* there) {
  return key == "library_name" && there != nullptr && *there == "peft";
}

template <typename Words>
bool contains(const Words& words, const auto& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The value of a key that is there and not null.
const ordered_json* find(const ordered_json& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() || found->is_null() ? nullptr : &*found;
}

ordered_json as_list(const ordered_json& value) {
  return value.is_array() ? value : ordered_json::array({value});
}

/// `old` and what `fresh` has besides; what only the user took away since `base` stays away.
ordered_json united(const ordered_json& old, const ordered_json& fresh, const ordered_json* base) {
  ordered_json out = as_list(old);
  const ordered_json before = base == nullptr ? ordered_json::array() : as_list(*base);
  for (const ordered_json& word : as_list(fresh)) {
    if (!contains(out, word) && !contains(before, word)) out.push_back(word);
  }
  return out.size() == 1 && !old.is_array() ? old : out;
}

/// Is `known` as we wrote it last time? Without knowledge of that time it counts as ours.
bool is_ours(const EvalResult& known, std::optional<ModelIndexEdit>& base) {
  if (!base) return true;
  const auto before = base->like(known);
  return std::any_of(before.begin(), before.end(), [&](const ModelIndexEdit::Known* written) {
    return written->result.metric_value == known.metric_value;
  });
}

ordered_json merged_model_index(const ordered_json& old, const ordered_json& fresh,
                                const ordered_json* base) {
  const ModelIndex news = from_model_index(fresh);
  std::optional<ModelIndexEdit> before;
  if (base != nullptr) before.emplace(*base);
  ModelIndexEdit edit(old);
  for (const EvalResult& result : news.results) {
    const auto same = edit.like(result);
    for (ModelIndexEdit::Known* known : same) {
      if (is_ours(known->result, before)) {
        edit.set_value(*known, result.metric_value);
      } else if (known->result.metric_value != result.metric_value) {
        log::info("card_result_kept", {{"metric", result.metric_type}});
      }
    }
    if (same.empty() && !(before && !before->like(result).empty())) {  // deleted by the user
      edit.append(news.model_name, result);
    }
  }
  return edit.json();
}

ordered_json model_index(const ordered_json& old, const ordered_json& fresh,
                         const ordered_json* base) {
  try {
    return old.empty() ? fresh : merged_model_index(old, fresh, base);
  } catch (const ModelCardError& error) {
    log::warning("card_model_index_kept", {{"reason", error.what()}});
    return old;
  }
}

/// They deleted what only a machine keeps changing.
bool was_taken_away(const std::string& key, const ordered_json* theirs, const ordered_json* base) {
  return theirs == nullptr && base != nullptr && (key == kModelIndex || contains(kUnited, key));
}

/// Of a key that both changed since `base`.
ordered_json of_both(const std::string& key, const ordered_json& theirs, const ordered_json& ours,
                     const ordered_json* base) {
  if (contains(kUnited, key)) return united(theirs, ours, base);
  return key == kModelIndex ? model_index(theirs, ours, base) : theirs;
}

class MetadataMerge {
 public:
  MetadataMerge(const YamlVersions& versions, const std::vector<std::string>& explicit_keys)
      : old_(parse_front_matter(versions.old)),
        fresh_(parse_front_matter(versions.fresh)),
        explicit_keys_(explicit_keys) {
    if (versions.base) base_ = parse_front_matter(*versions.base);
  }

  /// Of each key that `fresh` has: what it becomes, or nothing if it stays as it is.
  std::optional<ordered_json> value_of(const std::string& key) const {
    const ordered_json* fresh = find(fresh_, key);
    const ordered_json* old = find(old_, key);
    const ordered_json* base = base_ ? find(*base_, key) : nullptr;
    if (fresh == nullptr) return std::nullopt;
    const bool is_explicit = contains(explicit_keys_, key) && !is_adapters(key, old);
    if (old == nullptr) {
      const bool was_deleted = base != nullptr;
      return was_deleted && !is_explicit ? std::nullopt : std::optional(*fresh);
    }
    if (contains(kUnited, key)) return united(*old, *fresh, base);
    if (key == kModelIndex) return model_index(*old, *fresh, base);
    const bool untouched = base != nullptr && *base == *old && !contains(kChosen, key);
    return is_explicit || untouched ? std::optional(*fresh) : std::nullopt;
  }

  const ordered_json& fresh() const { return fresh_; }

 private:
  ordered_json old_;
  ordered_json fresh_;
  std::optional<ordered_json> base_ = std::nullopt;
  const std::vector<std::string>& explicit_keys_;
};

}  // namespace

std::string merged_yaml(const YamlVersions& versions,
                        const std::vector<std::string>& explicit_keys) {
  const MetadataMerge merge(versions, explicit_keys);
  std::string yaml(versions.old);
  for (const auto& item : merge.fresh().items()) {
    if (const auto value = merge.value_of(item.key())) yaml = with_key(yaml, item.key(), *value);
  }
  return yaml;
}

std::string united_yaml(const YamlVersions& versions,
                        const std::vector<std::string>& explicit_keys) {
  const ordered_json ours = parse_front_matter(versions.fresh);
  const ordered_json theirs = parse_front_matter(versions.old);
  const ordered_json before = parse_front_matter(versions.base.value_or(""));
  std::string yaml(versions.old);
  for (const auto& item : ours.items()) {
    const ordered_json* known = find(before, item.key());
    const ordered_json* there = find(theirs, item.key());
    const bool is_explicit = contains(explicit_keys, item.key()) && !is_adapters(item.key(), there);
    const bool we_changed = known == nullptr || *known != item.value();
    if (!is_explicit && (!we_changed || was_taken_away(item.key(), there, known))) continue;
    const bool they_changed = there != nullptr && (known == nullptr || *known != *there);
    yaml = with_key(yaml, item.key(),
                    they_changed && !is_explicit ? of_both(item.key(), *there, item.value(), known)
                                                 : item.value());
  }
  for (const auto& item : before.items()) {
    const ordered_json* there = find(theirs, item.key());
    const bool untouched = there != nullptr && *there == item.value();
    if (untouched && !ours.contains(item.key())) yaml = with_key(yaml, item.key(), nullptr);
  }
  return yaml;
}

}  // namespace torchhub::card
