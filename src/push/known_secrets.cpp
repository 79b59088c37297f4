#include "push/known_secrets.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace torchhub {
namespace {

/// huggingface/diffusers#6916: configurations that trackers dump had their keys.
constexpr std::array kVariables{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY",
                                "COMET_API_KEY", "NEPTUNE_API_TOKEN"};
/// What is shorter may be a word that a file has for other reasons, such as "offline".
constexpr std::size_t kShortestValue = 16;

}  // namespace

std::vector<KnownSecret> known_secrets(const std::optional<std::string>& token) {
  std::vector<KnownSecret> known;
  if (token && !token->empty()) known.push_back({.value = *token});
  for (const char* variable : kVariables) {
    const char* const set = std::getenv(variable);
    const std::string value = set == nullptr ? "" : set;
    const auto same = std::find_if(known.begin(), known.end(), [&](const KnownSecret& secret) {
      return secret.value == value;
    });
    if (same != known.end()) {
      if (same->variable.empty()) same->variable = variable;
    } else if (value.size() >= kShortestValue) {
      known.push_back({.value = value, .variable = variable});
    }
  }
  return known;
}

}  // namespace torchhub
