#pragma once

#include "torchhub/card/model_card.h"
#include "torchhub/card/validate.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::card {

/// Looks at a card's keys one by one and gathers what is wrong with them.
class CardCheck {
 public:
  using Severity = CardProblem::Severity;

  explicit CardCheck(const ModelCard& card) : card_(card) {}

  void add(Severity severity, std::string key, std::string message) {
    problems_.push_back({severity, std::move(key), std::move(message)});
  }

  /// nullptr if the key is missing or null.
  const nlohmann::ordered_json* value_of(const char* key) const;

  /// A word, or a list of words, each of which `is_fine`.
  template <typename Rule>
  void words(const char* key, Rule is_fine, std::string_view otherwise,
             Severity severity = Severity::error) {
    if (!is_words(key)) return;
    std::vector<std::string> wrong = card_.words(key);
    std::erase_if(wrong, [&](const std::string& word) { return is_fine(word); });
    add_wrong_words(key, wrong, otherwise, severity);
  }

  /// A list of words; one word alone is warned of.
  void list_of_words(const char* key);
  /// One word. @return it, if it is one
  const std::string* word(const char* key);
  /// One of `known`, which the message lists.
  void one_of(const char* key, std::span<const std::string_view> known,
              Severity severity = Severity::error);
  /// Ids of datasets.
  void datasets();
  /// What cards of every kind may have: language, license, tags.
  void common();

  const ModelCard& card() const { return card_; }
  std::vector<CardProblem> take() { return std::move(problems_); }

 private:
  bool is_words(const char* key);
  void add_wrong_words(const char* key, const std::vector<std::string>& wrong,
                       std::string_view otherwise, Severity severity);

  const ModelCard& card_;
  std::vector<CardProblem> problems_ = {};
};

bool is_list_of_words(const nlohmann::ordered_json& value);

/// Can be a model's id: `owner/name`, or `name`.
bool is_model_id(const std::string& id);

void check_model(CardCheck& check);
void check_dataset(CardCheck& check);
void check_space(CardCheck& check);

}  // namespace torchhub::card
