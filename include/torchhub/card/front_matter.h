#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// The YAML block at the top of a model card, as text and as data. Everything here is a pure
/// function, safe from several threads.
namespace torchhub {

/// A card cut at its front matter: opening + yaml + closing + body is the card again, byte for
/// byte.
struct CardParts {
  std::string_view opening = {};  ///< White space, `---` and its line break; empty: no block.
  std::string_view yaml = {};     ///< What lies between, without its last line break.
  std::string_view closing = {};  ///< Line break, `---`, blanks, line break.
  std::string_view body = {};     ///< The rest; the whole card if there is no block.
};

/// Cuts as huggingface_hub does (`REGEX_YAML_BLOCK`), in linear time: only white space may stand
/// before the first `---`; a `---` on the very next line does not close it. The views point into
/// `card`.
CardParts split_card(std::string_view card);

/// What hides a front matter that was meant to be one: a byte order mark before it (or a text in
/// UTF-16), or no `---` line that ends it. Nothing where there is a block, and nothing where none
/// was meant: a text may begin with a line of dashes. In Python such a card has no metadata,
/// without a word.
std::optional<std::string> problem_of_frame(std::string_view card);

/// What a block may ask of its reader. The defaults take what people write by hand; a server reads
/// the cards of strangers and allows less.
struct FrontMatterLimits {
  std::size_t max_bytes = std::size_t{16} << 20;
  int max_depth = 100;  ///< Lists and maps in each other, the outermost map counted.
  /// Take aliases, which make a small text unfold into a large tree, and explicit tags.
  bool aliases_and_tags = true;
};

/// Reads a block as PyYAML's safe_load does (YAML 1.1: `no` is false, `012` is ten), except that
/// the keys which hold words for the Hub (language, license, tags, ...) keep theirs, so that the
/// language `no` stays text. Dates stay text. An empty block gives an empty map.
/// @throws ModelCardError if it is not YAML, not a map, or beyond `limits`
nlohmann::ordered_json parse_front_matter(std::string_view yaml,
                                          const FrontMatterLimits& limits = {});

/// Writes a map as PyYAML does: block style, list dashes not indented, text quoted only where a
/// YAML 1.1 reader needs it, lines folded at 80 columns. Non-ASCII text stays as it is. Ends with a
/// line break; an empty map gives an empty text.
/// @throws ModelCardError if a text in it is not UTF-8
std::string write_front_matter(const nlohmann::ordered_json& data);

/// `yaml` with one key set: the lines of every other key stay as they are, comments included; a new
/// key goes to the end. Null removes the key. Where the layout leaves no other way (a map in
/// braces, an anchor that others use) the whole block is written anew.
/// @param yaml CardParts::yaml; the result has no last line break either
/// @throws ModelCardError as parse_front_matter
std::string with_key(std::string_view yaml, std::string_view key,
                     const nlohmann::ordered_json& value);

}  // namespace torchhub
