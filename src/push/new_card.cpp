#include "torchhub/push/new_card.h"

#include "torchhub/card/model_card.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub {

std::string short_card(const NewCard& card) {
  nlohmann::ordered_json metadata{{"library_name", card.library_name}};
  const std::string text =
      fmt::format("---\n{}---\n\n# {}\n\nA model that was saved and pushed with {}.\n",
                  write_front_matter(metadata), card.model_name, card.library_name);
  return card_with_tags(text, card.tags);
}

std::string card_with_tags(const std::string& card, const std::vector<std::string>& tags) {
  ModelCard changed(card);
  std::vector<std::string> words = changed.words("tags");
  const std::size_t before = words.size();
  for (const std::string& tag : tags) {
    if (std::find(words.begin(), words.end(), tag) == words.end()) words.push_back(tag);
  }
  if (words.size() != before) changed.set("tags", words);
  return changed.text();
}

}  // namespace torchhub
