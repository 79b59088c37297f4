#include "server/repos/card_checks.h"

#include "server/repos/card_limits.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/model_card.h"
#include "torchhub/card/validate.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub::server {
namespace {

/// A licence that the list does not have may be newer than the list, so a word in its place is only
/// warned of.
bool is_unknown_license(const ModelCard& card, const CardProblem& problem) {
  if (problem.key != "license") return false;
  const nlohmann::ordered_json& value = card.metadata().at("license");
  return value.is_string() || (value.is_array() && !card.words("license").empty() &&
                               std::all_of(value.begin(), value.end(),
                                           [](const auto& word) { return word.is_string(); }));
}

CardKind kind_of(RepoType type) {
  if (type == RepoType::dataset) return CardKind::dataset;
  return type == RepoType::space ? CardKind::space : CardKind::model;
}

}  // namespace

std::optional<std::string> problem_of_card(const std::string& readme) {
  try {
    const ModelCard card(readme, kCardLimits);
    return std::nullopt;
  } catch (const ModelCardError& error) {
    return error.what();
  }
}

CardFindings check_card(const std::string& readme, RepoType type) {
  CardFindings findings;
  if (auto problem = problem_of_card(readme)) {
    findings.errors.push_back(*std::move(problem));
    return findings;
  }
  const ModelCard card(readme, kCardLimits);
  for (const CardProblem& problem : problems_of_card(readme, kind_of(type))) {
    const bool error =
        problem.severity == CardProblem::Severity::error && !is_unknown_license(card, problem);
    const std::string text =
        problem.key.empty() ? problem.message : "'" + problem.key + "': " + problem.message;
    (error ? findings.errors : findings.warnings).push_back(text);
  }
  return findings;
}

}  // namespace torchhub::server
