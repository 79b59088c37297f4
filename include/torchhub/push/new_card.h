#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// What a card can say of a model that was saved and pushed by hand.
struct NewCard {
  std::string model_name;
  std::string library_name = "torchhub";
  std::vector<std::string> tags = {};
  std::string repo_id = {};   ///< Where it goes: "ana/net".
  std::string revision = {};  ///< The tag that the commit will get, else its branch; empty: main.
};

/// README.md in a few lines: front matter, title, one sentence. @throws ModelCardError if a text is
/// not UTF-8
std::string short_card(const NewCard& card);

/// The card with the tags that it lacks added behind its own; every other byte stays.
/// @throws ModelCardError if its front matter cannot be read
std::string card_with_tags(const std::string& card, const std::vector<std::string>& tags);

}  // namespace torchhub
