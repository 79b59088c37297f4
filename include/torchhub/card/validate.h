#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// What is wrong with a card's metadata.
struct CardProblem {
  enum class Severity {
    warning,  ///< The Hub takes it, but shows less than was meant.
    error     ///< The Hub refuses the commit.
  };
  Severity severity = Severity::error;
  std::string key = {};  ///< "license"; empty: the block as a whole.
  std::string message;   ///< What is wrong, and what would be right.

  bool operator==(const CardProblem&) const = default;
};

/// What the repository of a card is; each has keys of its own.
enum class CardKind { model, dataset, space };

/// Checks a README.md as the Hub does when it is pushed, without asking it: the block is YAML and a
/// map, languages, license, lists of words; of models ids of base models and the model-index, of
/// datasets tasks, sizes and configs, of spaces the sdk, colors and port. Of every problem one
/// entry, in the order of this list. Throws nothing for what is in `readme`.
std::vector<CardProblem> problems_of_card(std::string_view readme, CardKind kind = CardKind::model);

}  // namespace torchhub
