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
/// Without `base`, only what a machine writes (origin and results, hyperparameters, picture,
/// training results, framework versions, and in "How to use" as we write it the revision) is
/// refreshed.
///
/// Metadata: keys of `old` stay; tags, datasets and metrics are united; results in the model-index
/// are updated or appended; every other key of `old` wins unless it is in `explicit_keys`. With
/// `base`, what the user deleted (a key, a tag, a result) or gave another value stays so, and a key
/// that stands as we generated it follows, but for the five that a user chooses once (license,
/// language, pipeline_tag, library_name, base_model). Lines of keys that do not change keep their
/// bytes.
/// @throws ModelCardError if the front matter of `old` cannot be read, or is hidden (see
/// problem_of_frame())
std::string merge_cards(const CardVersions& versions);

/// One card that was edited in two places, such as a folder and the Hub.
struct CardEdits {
  std::string_view ours;
  std::string_view theirs;
  std::string_view base;  ///< What both were before: the card of the last push.
  /// As CardVersions': of these keys ours wins over `theirs`.
  std::vector<std::string> explicit_keys = {};
};

/// `ours` with every edit that `theirs` made since `base`: sections, and keys of the metadata, that
/// they changed, added or deleted. Where both changed one and the same, `theirs` stays (a note goes
/// to the log), since somebody wrote it on the Hub and cannot be asked; but tags, datasets and
/// metrics are united, results and the sentence of origin that only the machine changed follow
/// `ours`, and what only one deleted and the other changed is kept unless a machine changed it.
/// @throws ModelCardError as merge_cards, for either card
std::string unite_edits(const CardEdits& edits);

/// The new README.md by `mode`. Where there is none yet, every mode takes the fresh one.
/// @throws ModelCardError as merge_cards
std::string next_card(CardMode mode, const CardVersions& versions);

}  // namespace torchhub
