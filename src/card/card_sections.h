#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torchhub::card {

/// A heading with the text up to the next heading of any level.
struct Section {
  std::string key = {};  ///< Unique in its card; the same for the same section of another version.
  std::string heading =
      {};  ///< The line without its break; empty: what stands before all headings.
  std::string_view text = {};  ///< All of it, the heading line included.
};

/// The key of the card's title, whatever its words.
inline constexpr std::string_view kTitleKey = "# <title>";

/// The heading over what is_machine_section() names; has no text of its own.
inline constexpr std::string_view kProcedureKey = "## Training procedure";

/// Code that loads the model at a pinned revision.
inline constexpr std::string_view kUsageKey = "## How to use";

/// Cuts a body at its `#` headings; those in code blocks are none, nor are
/// those after the first hundred thousand. Joined, the texts are the body.
std::vector<Section> sections_of(std::string_view body);

/// `text` without what is layout: blank lines at the end, and which line break it uses.
std::string comparable(std::string_view text);

/// Nothing but blanks, or "More information needed", under the heading.
bool is_placeholder(const Section& section);

/// What a machine writes, whole: hyperparameters, the picture, training results, framework
/// versions.
bool is_machine_section(const Section& section);

}  // namespace torchhub::card
