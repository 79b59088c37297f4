#include "card/card_check.h"

#include "card/hub_id.h"
#include "card/hub_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace torchhub::card {

using nlohmann::ordered_json;

bool is_list_of_words(const ordered_json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(),
                                         [](const ordered_json& item) { return item.is_string(); });
}

bool is_model_id(const std::string& id) {
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./").find(c) != std::string_view::npos;
  };
  return !id.empty() && id.size() <= 193 && std::all_of(id.begin(), id.end(), is_fine) &&
         std::count(id.begin(), id.end(), '/') <= 1 && !id.starts_with('/') && !id.ends_with('/') &&
         !id.starts_with('.') && id.find("..") == std::string::npos;
}

const ordered_json* CardCheck::value_of(const char* key) const {
  const auto found = card_.metadata().find(key);
  return found == card_.metadata().end() || found->is_null() ? nullptr : &*found;
}

bool CardCheck::is_words(const char* key) {
  const ordered_json* value = value_of(key);
  if (value == nullptr) return false;
  if (value->is_string() || is_list_of_words(*value)) return true;
  add(Severity::error, key, "must be a word or a list of words");
  return false;
}

void CardCheck::add_wrong_words(const char* key, const std::vector<std::string>& wrong,
                                std::string_view otherwise, Severity severity) {
  /// A card with ten thousand wrong tags has one problem, not ten thousand.
  constexpr std::size_t kShownWords = 5;
  if (wrong.empty()) return;
  std::string shown;
  for (std::size_t i = 0; i < std::min(wrong.size(), kShownWords); ++i) {
    shown += fmt::format("{}'{}'", i == 0 ? "" : ", ", wrong[i].substr(0, 100));
  }
  if (wrong.size() > kShownWords) shown += fmt::format(" and {} more", wrong.size() - kShownWords);
  add(severity, key, fmt::format("{}: {}", shown, otherwise));
}

void CardCheck::list_of_words(const char* key) {
  const ordered_json* value = value_of(key);
  if (value == nullptr || is_list_of_words(*value)) return;
  if (value->is_string()) {
    return add(Severity::warning, key, "is one word; the Hub wants a list: '- ' and the word");
  }
  add(Severity::error, key,
      "must be a list of words. Put what reads as a number or as yes and no in quotes");
}

const std::string* CardCheck::word(const char* key) {
  const ordered_json* value = value_of(key);
  if (value == nullptr) return nullptr;
  if (value->is_string()) return &value->get_ref<const std::string&>();
  add(Severity::error, key, "must be one word");
  return nullptr;
}

void CardCheck::one_of(const char* key, std::span<const std::string_view> known,
                       Severity severity) {
  const std::string* value = word(key);
  if (value == nullptr || std::find(known.begin(), known.end(), *value) != known.end()) return;
  add(severity, key,
      fmt::format("'{}' is none of {}", value->substr(0, 100), fmt::join(known, ", ")));
}

void CardCheck::datasets() {
  list_of_words("datasets");
  const ordered_json* value = value_of("datasets");
  if (value == nullptr || !(value->is_string() || is_list_of_words(*value))) return;
  const auto is_dataset_id = [](const std::string& id) {
    return is_hub_id(id) && !is_loader_name(id);
  };
  words("datasets", is_dataset_id,
        "no dataset id, so the Hub links nothing. Use 'owner/name', and leave out data of your "
        "own files",
        Severity::warning);
}

void CardCheck::common() {
  if (card_.metadata().empty()) {
    add(Severity::warning, "",
        "the card has no metadata. Begin it with a line '---', keys such as 'license: mit', and "
        "another line '---'");
  }
  words("language", is_language,
        "no language code. Use two or three small letters (en, no, deu), 'code' or "
        "'multilingual'");
  words("license", is_license,
        "no license id of the Hub. Use one of its list, or 'other' with a license_name");
  const auto ids = card_.words("license");
  const bool is_other = std::find(ids.begin(), ids.end(), "other") != ids.end();
  if (is_other && value_of("license_name") == nullptr) {
    add(Severity::warning, "license_name", "is missing; the Hub shows it where license is 'other'");
  }
  list_of_words("tags");
}

}  // namespace torchhub::card
