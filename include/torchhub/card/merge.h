#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// What happens to a README.md that is there already when a new card was generated.
enum class CardMode {
  merge,      ///< The user's words stay, what the machine wrote is refreshed.
  overwrite,  ///< As Python does: the whole file is the new card.
  keep        ///< The file is never touched.
};

/// "merge", "overwrite", "keep". @throws InvalidArgumentError that lists the known words
CardMode parse_card_mode(std::string_view word);
std::string_view to_string(CardMode mode);

struct CardVersions {
  std::string_view fresh;     ///< Just generated.
  std::string_view old = {};  ///< What is there now; empty: nothing.
  /// What was generated last time, by which the user's changes are told from ours; unset: unknown.
  std::optional<std::string_view> base = std::nullopt;
  /// Metadata keys whose values the caller passed for this very card: they win over `old`.
  std::vector<std::string> explicit_keys = {};
};

/// Three-way by heading. A section that the user changed stays as it is (a note goes to the log),
/// one left as generated, empty, or holding only "More information needed" is refreshed; sections
/// of the user's own stay in their place, and one that the user deleted does not come back. Under
/// the title, the origin sentence with its results is refreshed in the midst of the user's words.
/// Without `base`, only what a machine writes (origin and results, hyperparameters, training
/// results, framework versions) is refreshed.
///
/// Metadata: keys of `old` stay; tags, datasets and metrics are united; results in the model-index
/// are updated or appended; every other key of `old` wins unless it is in `explicit_keys`. Lines of
/// keys that do not change keep their bytes.
/// @throws ModelCardError if the front matter of `old` cannot be read
std::string merge_cards(const CardVersions& versions);

/// The new README.md by `mode`. Where there is none yet, every mode takes the fresh one.
/// @throws ModelCardError as merge_cards
std::string next_card(CardMode mode, const CardVersions& versions);

}  // namespace torchhub
